// The world as config/world-dns.json has it: domains below a suffix, whose mail goes where the DNS says, the DNS server that Haraka
// asks, and at which ports of this machine what listens at port 25 of an address, and at port 443, does so in truth.
const Module = require('node:module');
const { Socket } = require('node:net');

exports.register = function () {
  const { server, suffix, smtp, https } = this.config.get('world-dns.json');
  const { registered_plugins: plugins } = this.haraka_require('plugins');
  this.leave_alone = (next) => {
    const [, { exports: dns }] = Object.entries(Module._cache).find(([file]) =>
      file.endsWith('/dns_config.js'),
    );
    dns.getDnsResolver().setServers([server]);
    const route = plugins['demo-route'];
    const toSink = route.hook_get_mx;
    route.hook_get_mx = function (next, message, domain) {
      if (domain.endsWith(suffix)) next();
      else toSink.call(this, next, message, domain);
    };
    next();
  };
  this.register_hook('init_master', 'leave_alone');
  const connect = Socket.prototype.connect;
  Socket.prototype.connect = function (...args) {
    const options = [args[0]].flat()[0];
    if (options?.port === 25) Object.assign(options, { port: smtp[options.host] ?? 1, host: '127.0.0.1' });
    if (options?.port === 443) options.port = https;
    return connect.apply(this, args);
  };
};
