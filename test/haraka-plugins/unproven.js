// A plugin that sends mail past the gate, as the client asks for by its EHLO name; and that answers first everywhere.
const fs = require('node:fs');

exports.register = function () {
  const outbound = this.haraka_require('outbound');
  const isAsked = ({ hello }, name) => hello.host === `${name}.example`;
  const letter = 'From: boss@corp.example\r\nSubject: unproven\r\n\r\nx\r\n';
  const send = (from, to, options, next) => {
    outbound.send_email(from, to, letter, (code) => next(code === OK ? OK : DENYSOFT, 'sent'), options);
  };

  this.at_queue = (next, connection) => {
    const { transaction } = connection;
    const [to] = transaction.rcpt_to;
    if (isAsked(connection, 'sends')) return send('boss@corp.example', to.address, {}, next);
    if (isAsked(connection, 'sends-as-bounce')) return send('<>', to.address, { origin: this }, next);
    if (isAsked(connection, 'copies-notes')) {
      const notes = JSON.parse(JSON.stringify(transaction.notes));
      return send(transaction.mail_from.address, to.address, { notes }, next);
    }
    if (isAsked(connection, 'makes-up-a-record')) {
      const notes = { gatekeeper_provenance: { v: 1, id: 'x', sender: 'boss@corp.example' } };
      return send('boss@corp.example', to.address, { notes }, next);
    }
    if (isAsked(connection, 'adds-recipient')) {
      transaction.rcpt_to.push(
        Object.assign(Object.create(Object.getPrototypeOf(to)), to, { user: 'added' }),
      );
    }
    return next();
  };
  // Nobody else's record is believed by the gate.
  this.at_rcpt = (next, { transaction }) => {
    transaction.notes.gatekeeper_provenance = { v: 1, id: transaction.uuid, sender: 'boss@corp.example' };
    next();
  };
  this.register_hook('rcpt', 'at_rcpt', -100);
  this.register_hook('queue_outbound', 'at_queue', 0);

  // First of all, and to all that is asked.
  const { host, port } = this.config.get('demo-route.ini').main;
  this.at_get_mx = (next, hmail, domain) => {
    if (domain === 'throws.example') throw new Error('as asked');
    if (domain === 'no-mx.example') return next(DENY, 'no server');
    return next(OK, { priority: 0, exchange: host, port: Number(port) });
  };
  this.register_hook('get_mx', 'at_get_mx', -100);
  for (const hook of ['send_email', 'deny']) {
    this[`at_${hook}`] = (next) => next(OK);
    this.register_hook(hook, `at_${hook}`, -100);
  }
  for (const hook of ['bounce', 'deferred']) {
    this[`at_${hook}`] = (next, hmail) => {
      fs.appendFileSync(`${process.env.HARAKA}/ends.txt`, `${hook} ${hmail.todo.uuid}\n`);
      next();
    };
    this.register_hook(hook, `at_${hook}`, -100);
  }
};
