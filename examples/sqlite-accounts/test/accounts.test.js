const assert = require('node:assert/strict');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { after, describe, it } = require('node:test');
const { identitySourceContract } = require('haraka-plugin-gatekeeper/testing');
const Database = require('libsql');
const { addAccount } = require('../add-account.js');
const { accountsIn } = require('../index.js');

const dir = mkdtempSync(join(tmpdir(), 'sqlite-accounts-'));
const file = join(dir, 'accounts.db');
after(() => rmSync(dir, { recursive: true, force: true }));

const people = {
  alice: { login: 'alice@shop.example', password: 'pw-alice' },
  bob: { login: 'bob@shop.example', password: 'pw-bob-bob' },
  disabled: { login: 'left@shop.example', password: 'pw-of-left' },
};
for (const { login, password } of Object.values(people)) addAccount(file, login, password, [login]);

function change(sql, ...values) {
  const database = new Database(file);
  database.prepare(sql).run(...values);
  database.close();
}
const disable = (login) => change('UPDATE accounts SET disabled = 1 WHERE login = ?', login);
disable(people.disabled.login);

identitySourceContract('a SQLite table', {
  people,
  open: () => accountsIn(file),
  openBroken: () => accountsIn(join(dir, 'without-tables.db')),
  accounts: { alice: { id: '1', addresses: ['alice@shop.example'] } },
});

describe('a SQLite table', () => {
  const source = accountsIn(file);
  const dave = 'dave@shop.example';

  it('knows a change at once', () => {
    assert.deepEqual(source.find(dave), { refused: 'no-such-account' });
    addAccount(file, dave, 'pw-dave', [dave, 'sales@shop.example']);
    assert.deepEqual(source.find(dave).account.addresses, [dave, 'sales@shop.example']);
    addAccount(file, dave, 'pw-new', [dave]);
    assert.deepEqual(source.find(dave).account.addresses, [dave]);
    disable(dave);
    assert.deepEqual(source.find(dave), { refused: 'account-disabled' });
  });

  it('never gives the id of an account to another one', () => {
    addAccount(file, 'first@shop.example', 'pw', []);
    const { id } = source.find('first@shop.example').account;
    change('DELETE FROM accounts WHERE login = ?', 'first@shop.example');
    addAccount(file, 'second@shop.example', 'pw', []);
    assert.notEqual(source.find('second@shop.example').account.id, id);
  });
});
