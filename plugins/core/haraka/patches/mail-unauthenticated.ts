import DSN from 'haraka-dsn';
import { replies } from '../../replies.ts';
import { answerCommand, type Refusal } from '../answer.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { throwAwayConnection } from '../throw-away.ts';
import type { Connection, Plugin } from '../types.ts';

/** The ports on which Haraka answers an unauthenticated MAIL by itself, before any hook and without a status. */
const hostAnswersOn = [465, 587];

/** A refusal, or that the client is known without a login; otherwise Haraka answers. */
type AnswerTo = (connection: Connection) => Refusal | 'known' | undefined;

let answerTo: AnswerTo = () => undefined;

/** Puts our answer in the place of Haraka's own 550 to an unauthenticated MAIL on ports 465 and 587. */
export const mailUnauthenticated = definePatch({
  name: 'mail-unauthenticated',
  reaches: '`cmd_mail` and `_relaying` of connections',
  why: 'Haraka answers 550 there by itself before any hook runs (haraka/Haraka#1909); RFC 4954 §6 has 530 for it.',
  fallback:
    "on ports 465 and 587 the client hears Haraka's own 550 Authentication required, a registered network too",
  install: (plugin, decide: AnswerTo) => {
    answerTo = decide;
    return replaceMethod(
      plugin.haraka_require('connection').Connection.prototype,
      'cmd_mail',
      (original) =>
        function (this: Connection, line: string) {
          const answer = hostWouldAnswer(this) ? answerTo(this) : undefined;
          const goOn = () => {
            original.call(this, line);
          };
          if (answer === 'known') asIfRelaying(this, goOn);
          else if (answer) refuse(this, answer);
          else goOn();
        },
    );
  },
  selfTest(plugin) {
    const reply = replies['auth-required'];
    const refusal = { reply, dsn: DSN.create(reply.code, reply.text, 7, 0), line: '' };
    expect('MAIL on port 587 to hear our reply', replyTo(plugin, () => refusal) === 530);
    expect("Haraka's own reply to it without us", replyTo(plugin, () => undefined) === 550);
    expect('Haraka to read the address of who is known', replyTo(plugin, () => 'known') === 501);
  },
});

function hostWouldAnswer({ hello, relaying, local }: Connection): boolean {
  return Boolean(hello.host) && !relaying && hostAnswersOn.includes(local.port ?? 0);
}

function refuse(connection: Connection, refusal: Refusal): void {
  connection.errors += 1;
  answerCommand(connection, refusal);
}

/** Haraka asks before there is a transaction; what is set of one lasts no longer than it. */
function asIfRelaying(connection: Connection, work: () => void): void {
  const before = connection._relaying;
  connection._relaying = true;
  try {
    work();
  } finally {
    connection._relaying = before;
  }
}

/** The reply to an unauthenticated MAIL on port 587, of nobody's address, while `decide` decides. */
function replyTo(plugin: Plugin, decide: AnswerTo): number | undefined {
  const { connection, said } = throwAwayConnection(plugin);
  connection.hello.host = 'client.example';
  connection.local.port = 587;
  const before = answerTo;
  answerTo = decide;
  try {
    connection.cmd_mail('FROM:<a@@b.example>');
  } finally {
    answerTo = before;
  }
  return connection.relaying ? undefined : said[0];
}
