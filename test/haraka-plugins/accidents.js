// A plugin that does by accident what other plugins have done: each accident of the table in test/gateway/accidents.ts, by
// the EHLO name NAME.example. Where mail leaves it answers first, and is right.
const fs = require('node:fs');

const policies = ['audit', 'tls', 'auth', 'sender'].map((name) => `gatekeeper/${name}`);
const whole = [...policies, 'gatekeeper/outbound'];
const letter = 'From: boss@corp.example\r\nSubject: by itself\r\n\r\nx\r\n';

/** Answers by itself, or never. */
const byItself = Symbol('by itself');

// NAME: where, and what. What a function returns is its answer.
const accidents = {
  'relaying-at-mail': { mail: relays },
  'relaying-at-rcpt': { rcpt: relays },
  'relaying-at-data': { data: relays },
  'relaying-at-data-post': { 'data_post 100': relays },
  'late-login': { ehlo: succeedsLate },
  'auth-user': { mail: ({ connection }) => isUser(connection, 'boss') },
  'other-address': { mail: ({ connection }) => connection.set('remote', 'ip', '203.0.113.77') },

  'ok-at-mail': { mail: accepts },
  'ok-at-rcpt': { rcpt: (call) => relays(call) ?? OK },
  'ok-at-data-post': { data_post: accepts },
  'ok-everywhere': { mail: accepts, data_post: accepts },
  'takes-first': { queue_outbound: () => [OK, 'taken first'] },
  takes: { 'queue_outbound -50': () => [OK, 'taken by another plugin'] },

  'deny-ok-first': { deny: accepts },
  'deny-ok': { 'deny 0': accepts },

  'skip-policies': { mail: ({ transaction }) => skip(transaction, policies) },
  'skip-all': { mail: ({ transaction }) => skip(transaction, whole) },
  'skip-gate': { data_post: ({ transaction }) => skip(transaction, ['gatekeeper/outbound']) },
  // Nothing says that this must be an array: Haraka only calls `includes`.
  'skip-by-text': { mail: ({ transaction }) => void (transaction.notes.skip_plugins = whole.join()) },
  'own-notes': { data: ({ transaction }) => void (transaction.notes = { skip_plugins: [...whole] }) },
  'results-of-ours': { mail: claimsResults },

  'throws-at-mail': { mail: throws },
  'throws-at-data-post': { data_post: throws },
  'throws-at-queue': { 'queue_outbound -50': throws },
  'answers-twice': { mail: twice, rcpt: twice, data_post: twice, 'queue_outbound -50': twice },
  'hangs-at-data-post': { data_post: () => byItself },
  'hangs-at-queue': { 'queue_outbound -50': () => byItself },
  'accepts-late': { data_post: ({ next }) => void setTimeout(next, 2300, OK) ?? byItself },

  'sender-at-mail': { mail: isFromBoss },
  'sender-at-rcpt': { rcpt: isFromBoss },
  'own-sender-at-rcpt': { rcpt: ({ transaction }) => changeSender(transaction, 'team') },
  'sender-at-data-post': { data_post: isFromBoss },
  'sender-at-queue': { 'queue_outbound 0': isFromBoss },
  'sender-in-queue': { 'pre_send_trans_email 0': isFromBoss },
  'from-at-data-post': { 'data_post 0': ({ transaction }) => changeFrom(transaction, 'boss') },
  'own-from-at-data-post': { 'data_post 0': ({ transaction }) => changeFrom(transaction, 'team') },
  'late-from-at-data-post': { 'data_post 90': ({ transaction }) => changeFrom(transaction, 'boss') },
  'from-at-queue': { 'queue_outbound 0': ({ transaction }) => changeFrom(transaction, 'boss') },
  'second-from': { 'queue_outbound 0': ({ transaction }) => addFrom(transaction, 'boss') },
  'no-from': { 'data_post 0': ({ transaction }) => transaction.remove_header('From') },
  'no-from-at-queue': { 'queue_outbound 0': ({ transaction }) => transaction.remove_header('From') },
  'from-in-queue': { 'pre_send_trans_email 0': ({ transaction }) => changeFrom(transaction, 'boss') },
  'other-fields': { 'queue_outbound 0': tags },
  'recipient-at-rcpt': { rcpt: addsRecipient },
  'recipient-at-data-post': { 'data_post 0': addsRecipient },
  'recipient-at-queue': { 'queue_outbound 0': addsRecipient },
  'recipient-in-queue': { 'pre_send_trans_email 0': addsRecipient },

  sends: { 'queue_outbound 0': (call) => sends(call, 'boss@corp.example') },
  'sends-as-bounce': { 'queue_outbound 0': (call) => sends(call, '<>', { origin: call.plugin }) },
  'copies-notes': {
    'queue_outbound 0': (call) => {
      const notes = JSON.parse(JSON.stringify(call.transaction.notes));
      return sends(call, call.transaction.mail_from.address, { notes });
    },
  },
  'makes-up-a-record': {
    'queue_outbound 0': (call) => {
      const notes = { gatekeeper_provenance: { v: 1, id: 'x', sender: 'boss@corp.example' } };
      return sends(call, 'boss@corp.example', { notes });
    },
  },
};

exports.register = function () {
  /** Of the connection of a transaction nothing is left where it is queued. */
  const askedBy = new WeakMap();
  this.at_first = (next, { transaction, hello }) => {
    askedBy.set(transaction, hello.host);
    // Nobody else's record is believed by the gate.
    transaction.notes.gatekeeper_provenance = { v: 1, id: transaction.uuid, sender: 'boss@corp.example' };
    next();
  };
  this.register_hook('mail', 'at_first', -100);
  for (const [name, places] of Object.entries(accidents)) {
    for (const [place, does] of Object.entries(places)) {
      const [hook, priority = '-100'] = place.split(' ');
      const method = `at_${hook}_${name}`;
      this[method] = (next, connection) => {
        const { transaction, hello } = connection;
        if ((hello?.host ?? askedBy.get(transaction)) !== `${name}.example`) return next();
        const answer = does({ connection, transaction, next, plugin: this });
        return answer === byItself ? undefined : next(...[answer].flat());
      };
      this.register_hook(hook, method, Number(priority));
    }
  }
  this.register_hook('connect', 'at_connect', -100);
  answersFirst(this);
};

exports.at_connect = (next, connection) => {
  if (connection.remote.ip === '127.0.0.9') connection.relaying = true;
  next();
};

function accepts() {
  return OK;
}

function relays({ connection }) {
  connection.relaying = true;
}

function throws() {
  throw new Error('as asked');
}

function twice({ next }) {
  next();
  next();
  setTimeout(next, 10);
  return byItself;
}

function skip({ notes }, names) {
  notes.skip_plugins.push(...names);
}

function claimsResults({ connection, transaction }) {
  for (const name of whole) {
    for (const { results } of [connection, transaction]) results.add({ name }, { pass: 'sender/envelope' });
  }
}

// As a plugin for AUTH does whose server has thought for too long.
function succeedsLate({ connection, next }) {
  setTimeout(() => {
    relays({ connection });
    isUser(connection, 'alice');
    connection.results.add({ name: 'auth' }, { pass: 'plain' });
    next();
  }, 50);
  return byItself;
}

function isUser({ notes }, user) {
  notes.auth_user = `${user}@corp.example`;
}

/** The same address with another local part. */
function like(address, user) {
  const changed = { user, original: `<${user}@${address.host}>` };
  return Object.assign(Object.create(Object.getPrototypeOf(address)), address, changed);
}

function changeSender(transaction, user) {
  transaction.mail_from = like(transaction.mail_from, user);
}

function isFromBoss({ transaction }) {
  changeSender(transaction, 'boss');
}

function addFrom(transaction, user) {
  transaction.add_header('From', `${user}@corp.example`);
}

function changeFrom(transaction, user) {
  transaction.remove_header('From');
  addFrom(transaction, user);
}

// What filters and signers do.
function tags({ transaction }) {
  transaction.remove_header('Subject');
  transaction.add_header('Subject', 'tagged');
  transaction.add_leading_header('X-Filter', 'seen');
}

function addsRecipient({ transaction: { rcpt_to: recipients } }) {
  recipients.push(like(recipients[0], `added-${recipients[0].user}`));
}

function sends({ plugin, transaction, next }, from, options = {}) {
  const outbound = plugin.haraka_require('outbound');
  const [to] = transaction.rcpt_to;
  const done = (code) => next(code === OK ? OK : DENYSOFT, 'sent');
  outbound.send_email(from, to.address, letter, done, options);
  return byItself;
}

function answersFirst(plugin) {
  const { host, port } = plugin.config.get('demo-route.ini').main;
  plugin.at_get_mx = (next, hmail, domain) => {
    if (domain === 'throws.example') throw new Error('as asked');
    if (domain === 'no-mx.example') return next(DENY, 'no server');
    return next(OK, { priority: 0, exchange: host, port: Number(port) });
  };
  plugin.at_send_email = (next) => next(OK);
  for (const hook of ['get_mx', 'send_email']) plugin.register_hook(hook, `at_${hook}`, -100);
  for (const hook of ['bounce', 'deferred']) {
    plugin[`at_${hook}`] = (next, hmail) => {
      fs.appendFileSync(`${process.env.HARAKA}/ends.txt`, `${hook} ${hmail.todo.uuid}\n`);
      next();
    };
    plugin.register_hook(hook, `at_${hook}`, -100);
  }
}
