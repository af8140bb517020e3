// Does with a message what its first recipient is called: refuses it late or at the queue, queues it by itself, or thinks.
exports.register = function () {
  const outbound = this.haraka_require('outbound');
  const acts = {
    late: (next) => next(DENY, 'late'),
    deny: (next) => next(DENY, 'denied'),
    soft: (next) => next(DENYSOFT, 'not now'),
    closes: (next) => next(DENYSOFTDISCONNECT, 'away with you'),
    takes: (next, transaction) => outbound.send_trans_email(transaction, next),
    thinks: (next) => setTimeout(next, 400),
  };
  const act = (next, { transaction }, names) => {
    const [name] = transaction.rcpt_to[0].user.split('-');
    if (names.includes(name)) acts[name](next, transaction);
    else next();
  };
  this.at_data_post = (next, connection) => act(next, connection, ['late']);
  this.at_queue = (next, connection) => act(next, connection, ['deny', 'soft', 'closes', 'takes', 'thinks']);
  // Between the queue and the answer.
  this.at_answer = (next, { transaction }) =>
    setTimeout(next, transaction.rcpt_to[0].user === 'takes-slowly' ? 400 : 0);
  this.register_hook('queue_ok', 'at_answer', 0);
  this.register_hook('data_post', 'at_data_post', 90);
  this.register_hook('queue_outbound', 'at_queue', 0);
};
