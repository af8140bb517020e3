// A plain Haraka plugin of the demo: the sink is the next hop for every delivery, as if it were the whole world.
exports.hook_get_mx = function (next) {
  const { host, port } = this.config.get('demo-route.ini').main;
  next(OK, { priority: 0, exchange: host, port: Number(port) });
};
