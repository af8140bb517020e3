// Reads server.notes.gatekeeper in many hooks, and Haraka's results at the end; does to both what should harm nobody.
let host;

const heard = [];

exports.register = function () {
  host = this.haraka_require('server');
  for (const [hook, priority] of [
    ['connect', 0],
    ['ehlo', 0],
    ['mail', -100],
    ['mail', 100],
    ['rcpt', -100],
    ['data_post', -100],
    ['data_post', 90],
    ['queue_outbound', -99],
    ['disconnect', 0],
  ]) {
    const method = `read_${hook}_${priority < 0 ? 'first' : 'last'}`;
    this[method] = (next, connection) => {
      note(this, connection, method);
      next();
    };
    this.register_hook(hook, method, priority);
  }
  this.register_hook('queue_ok', 'read_results');
  this.register_hook('reset_transaction', 'read_results');
  process.nextTick(listen);
};

function listen() {
  const { events } = host.notes.gatekeeper;
  events.on('event', () => {
    throw new Error('on purpose');
  });
  events.on('event', async () => {
    throw new Error('on purpose, later');
  });
  events.on('event', (event) => {
    const changed = succeeded([
      () => void (event.check = 'none/none'),
      () => event.recipients.push('nobody@x.example'),
    ]);
    heard.push(changed === 0 ? event : { check: 'was changed' });
  });
  events.emit = () => {
    throw new Error('not theirs');
  };
}

/** Each of them throws, as Haraka runs plugins in strict mode; how many did not. */
function succeeded(tries) {
  return tries.filter((attempt) => {
    try {
      attempt();
      return true;
    } catch {
      return false;
    }
  }).length;
}

function note(plugin, connection, when) {
  const { notes } = host;
  const { gatekeeper } = notes;
  const identity = gatekeeper.identity(connection);
  const verdicts = gatekeeper.verdicts(connection);
  const changed = succeeded([
    () => void (notes.gatekeeper = { version: 'mine' }),
    () => void delete notes.gatekeeper,
    () => void (gatekeeper.identity = () => ({ name: 'boss' })),
    () => verdicts.push({ check: 'sender/envelope', outcome: 'pass', mode: 'enforce' }),
    ...verdicts.map((verdict) => () => void (verdict.outcome = 'kept')),
    () => void (identity.name = 'boss'),
    () => identity.addresses.push('boss@corp.example'),
  ]);
  const { version } = gatekeeper;
  plugin.lognotice(connection, `read ${JSON.stringify({ when, changed, version, identity, verdicts })}`);
}

exports.read_results = function (next, connection) {
  const plugins = ['tls', 'auth', 'sender', 'outbound', 'audit'].map((name) => `gatekeeper/${name}`);
  const of = (results) => Object.fromEntries(plugins.map((name) => [name, results && results.get(name)]));
  const { transaction } = connection;
  const session = of(connection.results);
  const message = of(transaction && transaction.results);
  this.lognotice(connection, `results ${JSON.stringify({ session, message, heard: heard.length })}`);
  next();
};

exports.hook_unrecognized_command = function (next, connection, [verb]) {
  if (verb !== 'HEARD') return next();
  next(DENY, JSON.stringify(heard.map(({ check, verdict }) => [check, verdict])));
};
