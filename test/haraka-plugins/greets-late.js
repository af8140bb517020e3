// Greets the client whose address config/greets-late has only when it has spoken.
exports.register = function () {
  const late = this.config.get('greets-late');
  this.wait = (next, connection) => {
    if (connection.remote.ip !== late) return next();
    const timer = setInterval(() => {
      if (!connection.early_talker) return;
      clearInterval(timer);
      next();
    }, 10);
  };
  this.register_hook('lookup_rdns', 'wait', -200);
};
