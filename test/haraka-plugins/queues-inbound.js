// Takes what comes for local recipients to the queue, as queue/lmtp does.
exports.register = function () {
  const outbound = this.haraka_require('outbound');
  this.at_queue = (next, { transaction }) => outbound.send_trans_email(transaction, next);
  this.register_hook('queue', 'at_queue', -99);
};
