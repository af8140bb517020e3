import { definePatch, expect } from '../patch.ts';
import { throwAwayConnection } from '../throw-away.ts';
import type { MessageStream } from '../types.ts';
import { onNewTransaction } from './new-transactions.ts';

/** Leaves the file system alone at the end of a message that was never written to a file. */
export const neverSpooled = definePatch({
  name: 'never-spooled',
  reaches: '`spooling` and `destroy` of the message stream of a transaction',
  why: 'Haraka removes the file of each message, also where the message stayed in memory and has none.',
  fallback: 'a short session takes about 8 % more CPU time',
  install: () =>
    onNewTransaction(({ message_stream: stream }) => {
      destroyOnlyFiles(stream);
    }),
  selfTest(plugin) {
    const { connection } = throwAwayConnection(plugin);
    connection.init_transaction(() => undefined);
    const stream = connection.transaction?.message_stream;
    expect('a message that begins to have no file', stream?.spooling === false);
    expect('its end to be replaced', Object.hasOwn(stream ?? {}, 'destroy'));
    expect('a file to be removed', callsOfDestroy({ spooling: true }) === 1);
    expect('nothing to be removed without one', callsOfDestroy({ spooling: false }) === 0);
  },
});

function destroyOnlyFiles(stream: Pick<MessageStream, 'spooling' | 'destroy'>): void {
  const { destroy } = stream;
  stream.destroy = function () {
    if (this.spooling) destroy.call(this);
  };
}

function callsOfDestroy({ spooling }: Pick<MessageStream, 'spooling'>): number {
  let calls = 0;
  const stream = { spooling, destroy: () => void (calls += 1) };
  destroyOnlyFiles(stream);
  stream.destroy();
  return calls;
}
