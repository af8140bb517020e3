// A plugin that misbehaves before ours run, in the way that the client asks for by its EHLO name (or address).
const ours = ['audit', 'tls', 'auth', 'sender'].map((name) => `gatekeeper/${name}`);

exports.register = function () {
  this.register_hook('connect', 'at_connect', -100);
  this.register_hook('mail', 'at_mail', -100);
  this.register_hook('rcpt', 'at_rcpt', -100);
  this.register_hook('data', 'at_data', -100);
  this.register_hook('data_post', 'at_data_post', -100);
  this.register_hook('queue_outbound', 'at_queue_outbound_first', -100);
  this.register_hook('queue_outbound', 'at_queue_outbound', -50);
  this.register_hook('deny', 'at_deny_first', -100);
  this.register_hook('deny', 'at_deny', 0);
};

function asks(connection, ...names) {
  return names.some((name) => connection.hello.host === `${name}.example`);
}

exports.at_connect = (next, connection) => {
  if (connection.remote.ip === '127.0.0.9') connection.relaying = true;
  next();
};

exports.at_mail = (next, connection) => {
  const { skip_plugins: skipped } = connection.transaction.notes;
  if (asks(connection, 'skip-policies', 'skip-all')) skipped.push(...ours);
  if (asks(connection, 'skip-all')) skipped.push('gatekeeper/outbound');
  // Nothing says that this must be an array: Haraka only calls `includes`.
  if (asks(connection, 'skip-by-text')) {
    connection.transaction.notes.skip_plugins = [...ours, 'gatekeeper/outbound'].join();
  }
  if (asks(connection, 'relaying-at-mail')) connection.relaying = true;
  next(asks(connection, 'ok-at-mail', 'ok-everywhere') ? OK : CONT);
};

exports.at_rcpt = (next, connection) => {
  if (asks(connection, 'relaying-at-rcpt', 'ok-at-rcpt')) connection.relaying = true;
  next(asks(connection, 'ok-at-rcpt') ? OK : CONT);
};

exports.at_data = (next, connection) => {
  if (asks(connection, 'relaying-at-data')) connection.relaying = true;
  next();
};

exports.at_data_post = (next, connection) => {
  if (asks(connection, 'skip-gate')) connection.transaction.notes.skip_plugins.push('gatekeeper/outbound');
  next(asks(connection, 'ok-at-data-post', 'ok-everywhere') ? OK : CONT);
};

exports.at_queue_outbound_first = (next, connection) => {
  next(asks(connection, 'takes-first') ? OK : CONT, 'taken before the gate');
};

exports.at_queue_outbound = (next, connection) => {
  if (asks(connection, 'takes')) return next(OK, 'taken by another plugin');
  if (asks(connection, 'hangs')) return undefined;
  if (asks(connection, 'answers-twice')) setTimeout(next, 10);
  return next();
};

exports.at_deny_first = (next, connection) => next(asks(connection, 'deny-ok-first') ? OK : CONT);

exports.at_deny = (next, connection) => next(asks(connection, 'deny-ok') ? OK : CONT);
