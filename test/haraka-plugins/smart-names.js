// Has every name below smart.example stand for this machine: no server is asked.
const netUtils = require('haraka-net-utils');

exports.register = function () {
  const resolve = netUtils.resolve_mx_hosts;
  netUtils.resolve_mx_hosts = (servers) =>
    servers.some(({ exchange }) => exchange.endsWith('.smart.example'))
      ? servers.map((mx) => ({ ...mx, exchange: '127.0.0.1', from_dns: mx.exchange }))
      : resolve(servers);
};
