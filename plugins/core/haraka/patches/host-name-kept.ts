import os from 'node:os';
import { definePatch, expect } from '../patch.ts';
import { throwAwayConnection } from '../throw-away.ts';

/** A machine that is given another name goes by it after this time. */
const keptMs = 1000;

const ask = os.hostname;

let name = '';
let askedAt = -Infinity;
let calls = 0;

/** Asks the system for the name of this host once a second, and not for each reply. */
export const hostNameKept = definePatch({
  name: 'host-name-kept',
  reaches: '`hostname` of `node:os`, for all that runs in the process',
  why: 'Haraka asks the system for the name of the host for every reply, mostly without a use for it.',
  fallback: 'a short session takes about 2 % more CPU time',
  install() {
    os.hostname = kept;
    return () => {
      os.hostname = ask;
    };
  },
  selfTest(plugin) {
    expect('the name of this host', os.hostname() === ask());
    const { connection } = throwAwayConnection(plugin);
    // What is left is Haraka's own.
    Reflect.deleteProperty(connection, 'respond');
    const before = calls;
    connection.respond(250, 'OK');
    expect('replies to ask for the name of this host', calls > before);
  },
});

function kept(): string {
  calls += 1;
  const now = performance.now();
  if (now >= askedAt + keptMs) {
    name = ask();
    askedAt = now;
  }
  return name;
}
