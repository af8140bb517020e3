// Takes recipients `local-…` for its own, as a plugin with mailboxes does: what is for them is not relayed, and goes to `queue`.
exports.register = function () {
  this.at_rcpt = (next, connection, [{ user }]) => {
    if (!user.startsWith('local-')) return next();
    connection.relaying = false;
    return next(OK);
  };
  this.at_queue = (next) => next(OK, 'taken');
  this.register_hook('rcpt', 'at_rcpt', -10);
  this.register_hook('queue', 'at_queue', 0);
};
