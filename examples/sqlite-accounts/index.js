// Accounts in a SQLite table instead of LDAP: an identity source for haraka-plugin-gatekeeper.
const { scrypt, timingSafeEqual } = require('node:crypto');
const { promisify } = require('node:util');
const Database = require('libsql');
const { defineIdentitySource, install } = require('haraka-plugin-gatekeeper');

const derive = promisify(scrypt);

// A login without an account takes as long as one with a wrong password.
const nobody = { salt: Buffer.alloc(16), hash: Buffer.alloc(32) };

exports.register = function () {
  const { file } = this.config.get('sqlite-accounts.ini').main;
  install(this, { identitySources: [exports.accountsIn(file)] });
};

exports.accountsIn = function (file) {
  const database = new Database(file, { timeout: 1000 });

  function rowOf(login) {
    return database.prepare('SELECT id, salt, hash, disabled FROM accounts WHERE login = ?').get(login);
  }

  function answerOf(row) {
    if (!row) return { refused: 'no-such-account' };
    if (row.disabled) return { refused: 'account-disabled' };
    const rows = database
      .prepare('SELECT address FROM addresses WHERE account = ? ORDER BY rowid')
      .all(row.id);
    return { account: { id: String(row.id), addresses: rows.map(({ address }) => address) } };
  }

  return defineIdentitySource({
    name: 'sqlite',
    async verify(login, password) {
      const row = rowOf(login);
      const { salt, hash } = row ?? nobody;
      const derived = await password.reveal((octets) => derive(octets, salt, hash.length));
      const isRight = timingSafeEqual(derived, hash);
      return row && !isRight ? { refused: 'wrong-password' } : answerOf(row);
    },
    // What it throws, as while the file is locked, is answered 454.
    find: (login) => answerOf(rowOf(login)),
    probe: () => rowOf(''),
  });
};
