import assert from 'node:assert/strict';
import { it } from 'node:test';
import { publisherFor, type Publication } from '../../../plugins/core/haraka/publication.ts';
import type { Connection, Plugin, Transaction } from '../../../plugins/core/haraka/types.ts';

const logged: string[] = [];
const plugin = {
  haraka_require: () => ({ registered_plugins: {} }),
  logerror: (_connection: unknown, line: string) => logged.push(line),
} as unknown as Plugin;

const publication: Publication = { fields: [{ name: 'X-A', value: '1' }], authentication: ['a=pass'] };

/** A session whose objects note what they are told. */
function session(said: string[]) {
  const transaction = {
    add_leading_header: (name: string, value: string) => said.push(`${name}: ${value}`),
  } as unknown as Transaction;
  const connection = {
    transaction,
    auth_results: (text: string) => said.push(text),
  } as unknown as Connection;
  return { connection, transaction };
}

void it('publishes for the transaction that it was made for, and for no later one', () => {
  const said: string[] = [];
  const { connection, transaction } = session(said);
  const publish = publisherFor(plugin, connection, transaction);
  publish(() => publication);
  assert.deepEqual(said, ['X-A: 1', 'a=pass']);
  Object.assign(connection, { transaction: session(said).transaction });
  publish(() => publication);
  assert.equal(said.length, 2);
});

void it('logs what goes wrong, and never throws', () => {
  const { connection, transaction } = session([]);
  const publish = publisherFor(plugin, connection, transaction);
  publish(() => {
    throw new Error('on purpose');
  });
  Object.assign(connection, { auth_results: undefined });
  publish(() => publication);
  assert.equal(logged[0], 'not published: on purpose');
  assert.equal(logged.length, 2);
});
