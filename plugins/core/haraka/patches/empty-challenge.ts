import { definePatch, expect, replaceMethod } from '../patch.ts';
import { throwAwayConnection } from '../throw-away.ts';
import type { ClientSocket, Connection } from '../types.ts';

const line = '334 \r\n';

/** Stands behind the challenge of a mechanism in which the client speaks first. */
export const emptyChallenge = definePatch({
  name: 'empty-challenge',
  reaches: '`respond` of connections, and what it writes for an empty 334',
  why: 'Haraka writes `334` and two spaces; RFC 4954 §4 has one, and gsasl gives up over the other.',
  fallback: 'clients that take it literally cannot log in without an initial response',
  install: (plugin) =>
    replaceMethod(
      plugin.haraka_require('connection').Connection.prototype,
      'respond',
      (original) =>
        function (this: Connection, code: number, message: unknown, done?: () => void) {
          const respond = () => {
            original.call(this, code, message, done);
          };
          if (code === 334 && message === '') writing(this.client, respond);
          else respond();
        },
    ),
  selfTest(plugin) {
    const { connection } = throwAwayConnection(plugin);
    const written: string[] = [];
    Reflect.deleteProperty(connection, 'respond');
    connection.client.write = (data) => written.push(data);
    connection.respond(334, '');
    connection.respond(334, 'YQ==');
    expect('an empty challenge of one space', written.join('') === `${line}334 YQ==\r\n`);
  },
});

/** Lets `respond` write the line in place of its own. */
function writing(client: ClientSocket, respond: () => void): void {
  const own = Object.getOwnPropertyDescriptor(client, 'write');
  const write = client.write.bind(client);
  client.write = () => write(line);
  try {
    respond();
  } finally {
    if (own) Object.defineProperty(client, 'write', own);
    else Reflect.deleteProperty(client, 'write');
  }
}
