// Sources of an integrator: a table in config/accounts.json, and one that does what the login says; one that nobody names.
const { readFileSync } = require('node:fs');
const { defineIdentitySource, install } = require('haraka-plugin-gatekeeper');

const ways = {
  throws: (password) => {
    throw new Error(`near "${password}": on purpose`);
  },
  rejects: () => Promise.reject(new Error('database is locked')),
  'rejects-nothing': () => Promise.reject(),
  hangs: () => new Promise(() => undefined),
  late: () => new Promise((resolve) => setTimeout(resolve, 3000, { account: { id: 'late', addresses: [] } })),
  nothing: () => undefined,
  'says-true': () => true,
  'no-id': () => ({ account: { addresses: ['x@ways.example'] } }),
  'bad-address': () => ({ account: { id: 'x', addresses: ['x@ways.example>\r\nRCPT TO:<y@ways.example'] } }),
  'odd-cause': () => ({ refused: 'because' }),
  both: () => ({ account: { id: 'x', addresses: [] }, refused: 'wrong-password' }),
};

exports.register = function () {
  const rowOf = (login) =>
    JSON.parse(readFileSync(process.env.HARAKA + '/config/accounts.json', 'utf8'))[login.toLowerCase()];
  const find = (login) => {
    const row = rowOf(login);
    if (!row) return { refused: 'no-such-account' };
    if (row.disabled) return { refused: 'account-disabled' };
    const { id, addresses } = row;
    return { account: { id, addresses } };
  };
  const verify = async (login, password) => {
    const row = rowOf(login);
    if (!row) return { refused: 'no-such-account' };
    const isRight = password.reveal((octets) => octets.equals(Buffer.from(row.password)));
    return isRight ? find(login) : { refused: 'wrong-password', detail: `row of ${row.id}` };
  };
  const act = (login, password) => ways[login.split('@')[0]](password?.reveal(String));
  install(this, {
    identitySources: [
      defineIdentitySource({ name: 'table', verify, find, probe: () => rowOf('x') }),
      defineIdentitySource({ name: 'ways', verify: act, find: act }),
      defineIdentitySource({ name: 'nobody', verify: act, find: act }),
    ],
  });
};
