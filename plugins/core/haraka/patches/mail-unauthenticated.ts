import DSN from 'haraka-dsn';
import { replies } from '../../replies.ts';
import { answerCommand, type Refusal } from '../answer.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { throwAwayConnection } from '../throw-away.ts';
import type { Connection, Plugin } from '../types.ts';

/** The ports on which Haraka answers an unauthenticated MAIL by itself, before any hook and without a status. */
const hostAnswersOn = [465, 587];

type RefusalOf = (connection: Connection) => Refusal | undefined;

let refusalOf: RefusalOf = () => undefined;

/** Puts our reply in the place of Haraka's own 550 to an unauthenticated MAIL on ports 465 and 587. */
export const mailUnauthenticated = definePatch({
  name: 'mail-unauthenticated',
  reaches: '`cmd_mail` of connections',
  why: 'Haraka answers 550 there by itself before any hook runs (haraka/Haraka#1909); RFC 4954 §6 has 530 for it.',
  fallback: "on ports 465 and 587 the client hears Haraka's own 550 Authentication required",
  install: (plugin, decide: RefusalOf) => {
    refusalOf = decide;
    return replaceMethod(
      plugin.haraka_require('connection').Connection.prototype,
      'cmd_mail',
      (original) =>
        function (this: Connection, line: string) {
          const refusal = hostWouldAnswer(this) ? refusalOf(this) : undefined;
          if (refusal) refuse(this, refusal);
          else original.call(this, line);
        },
    );
  },
  selfTest(plugin) {
    const reply = replies['auth-required'];
    const refusal = { reply, dsn: DSN.create(reply.code, reply.text, 7, 0), line: '' };
    expect('MAIL on port 587 to hear our reply', answerTo(plugin, () => refusal) === 530);
    expect("Haraka's own reply to it without us", answerTo(plugin, () => undefined) === 550);
  },
});

function hostWouldAnswer({ hello, relaying, local }: Connection): boolean {
  return Boolean(hello.host) && !relaying && hostAnswersOn.includes(local.port ?? 0);
}

function refuse(connection: Connection, refusal: Refusal): void {
  connection.errors += 1;
  answerCommand(connection, refusal);
}

/** The reply to an unauthenticated MAIL on port 587 while `decide` decides. */
function answerTo(plugin: Plugin, decide: RefusalOf): number | undefined {
  const { connection, said } = throwAwayConnection(plugin);
  connection.hello.host = 'client.example';
  connection.local.port = 587;
  const before = refusalOf;
  refusalOf = decide;
  try {
    connection.cmd_mail('FROM:<a@b.example>');
  } finally {
    refusalOf = before;
  }
  return said[0];
}
