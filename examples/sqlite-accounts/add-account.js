#!/usr/bin/env node
// add-account FILE LOGIN ADDRESS... < password: adds an account, or changes its password and addresses.
const { randomBytes, scryptSync } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const Database = require('libsql');

exports.addAccount = function (file, login, password, addresses) {
  const database = new Database(file);
  database.exec(readFileSync(join(__dirname, 'schema.sql'), 'utf8'));
  const salt = randomBytes(16);
  const change = database.transaction(() => {
    database
      .prepare(
        'INSERT INTO accounts (login, salt, hash) VALUES (?, ?, ?) ' +
          'ON CONFLICT (login) DO UPDATE SET salt = excluded.salt, hash = excluded.hash',
      )
      .run(login, salt, scryptSync(password, salt, 32));
    const { id } = database.prepare('SELECT id FROM accounts WHERE login = ?').get(login);
    database.prepare('DELETE FROM addresses WHERE account = ?').run(id);
    for (const address of addresses) database.prepare('INSERT INTO addresses VALUES (?, ?)').run(id, address);
  });
  change();
  database.close();
};

if (require.main === module) {
  const [file, login, ...addresses] = process.argv.slice(2);
  if (!login) throw new Error('add-account FILE LOGIN ADDRESS... < password');
  exports.addAccount(file, login, readFileSync(0, 'utf8').split(/\r?\n/, 1)[0], addresses);
}
