import { definePatch, expect } from '../patch.ts';
import { throwAwayConnection, withHooks } from '../throw-away.ts';
import type { Connection, Next } from '../types.ts';

/** Ends the open transaction and, with it, the hook that is running for it: what it answers later counts no more. */
export function endTransaction(connection: Connection): void {
  connection.reset_transaction(() => {
    connection.resume();
  });
}

/** Stands behind `endTransaction`. */
export const transactionEnd = definePatch({
  name: 'transaction-end',
  reaches: '`reset_transaction` and `resume` of connections',
  why: 'At `data_post` and the queue hooks Haraka forces a refusal to 450 or 550, and a `deny` hook may turn it into a pass.',
  selfTest(plugin) {
    const { connection } = throwAwayConnection(plugin);
    let late: Next | undefined;
    let answers = 0;
    const run = (next: Next) => {
      late = next;
    };
    Object.assign(connection, { probe_respond: () => (answers += 1) });
    withHooks(plugin, { probe: [{ of: plugin, run }], reset_transaction: [] }, () => {
      connection.init_transaction(() => undefined);
      plugin.haraka_require('plugins').run_hooks('probe', connection);
      endTransaction(connection);
      late?.();
    });
    expect('a transaction that is ended to be gone', connection.transaction === null);
    expect(
      'the running hook of a transaction that is ended to be cancelled',
      late !== undefined && answers === 0,
    );
  },
});
