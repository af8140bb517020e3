import { messageOf } from '../../message-of.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { throwAwayConnection } from '../throw-away.ts';
import type { Connection } from '../types.ts';

/** Changes the value of a Received field. */
type Change = (connection: Connection, value: string) => string;

/** Takes the place of the change while the patch is tried. */
let trial: Change | undefined;

/** Has a function change the Received field that Haraka writes above a message of a client. */
export const receivedLine = definePatch({
  name: 'received-line',
  reaches: '`received_line` of connections, and the form of what it returns',
  why: 'Haraka writes the field before any hook of DATA; taken out and put back later, it would no more be the first.',
  install(plugin, change: Change) {
    const { prototype } = plugin.haraka_require('connection').Connection;
    return replaceMethod(
      prototype,
      'received_line',
      (original) =>
        function (this: Connection) {
          const value = original.call(this);
          try {
            return (trial ?? change)(this, value);
          } catch (error) {
            // Without the client, but with what leads back to it.
            plugin.logerror(this, `Received: ${messageOf(error)}`);
            return withoutClient(value);
          }
        },
    );
  },
  selfTest(plugin) {
    const { connection } = throwAwayConnection(plugin);
    connection.init_transaction(() => undefined);
    const sender = { format: () => '<alice@invalid>' };
    Object.assign(connection.transaction ?? {}, { mail_from: sender });
    Object.assign(connection.hello, { host: 'client.invalid', verb: 'EHLO' });
    connection.authheader = authenticated;
    trial = (_connection, value) => withHash(withoutClient(value), 'probe');
    try {
      const [by, ...rest] = connection.received_line().split(fold);
      const id = connection.transaction?.uuid ?? '';
      expect('a Received field by this host', by?.startsWith(`by ${connection.local.host} `) === true);
      expect('it to have the queue id', by?.endsWith(` with ESMTPA id ${id}`) === true);
      expect('it to say who has logged in', rest.length === 2 && rest[0] === '(authenticated probe);');
      expect('it to end with the time', !Number.isNaN(Date.parse(rest[1] ?? '')));
    } finally {
      trial = undefined;
    }
  },
});

/** What Haraka writes of a client that has logged in: `authheader`. */
export const authenticated = '(authenticated)';

const fold = '\r\n\t';

/** The field without its clause `from`, and without the sender: in clear the comment stands behind that. */
export function withoutClient(value: string): string {
  const [first = '', ...rest] = value.split(fold);
  const parts = first.startsWith('from ') ? rest : [first, ...rest];
  return parts
    .join(fold)
    .replace(
      /\r\n\tenvelope-from [^\r]*?( \(authenticated\))?(;?)(?=\r\n\t)/,
      (_field, comment = '', end = '') => (comment === '' ? String(end) : `${fold}${authenticated}${end}`),
    );
}

/** The field with a hash in the comment that says that the client has logged in, or in one of its own. */
export function withHash(value: string, hash: string): string {
  const end = `;${fold}`;
  const at = value.lastIndexOf(end);
  if (at < 0) return value;
  const before = value.slice(0, at);
  const comment = before.endsWith(authenticated)
    ? `${before.slice(0, -1)} ${hash})`
    : `${before}${fold}(registered ${hash})`;
  return `${comment}${value.slice(at)}`;
}
