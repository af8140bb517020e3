import { answerCommand, type Refusal } from '../answer.ts';
import type { Connection } from '../types.ts';

/** The ports on which Haraka answers an unauthenticated MAIL by itself, before any hook and without a status. */
const hostAnswersOn = [465, 587];

/** Puts our reply in the place of Haraka's own 550 to an unauthenticated MAIL on ports 465 and 587. */
export function answerUnauthenticatedMail(
  connection: Connection,
  refusalOf: (connection: Connection) => Refusal | undefined,
): void {
  const original = connection.cmd_mail.bind(connection);
  connection.cmd_mail = (line) => {
    const hostWouldAnswer =
      Boolean(connection.hello.host) &&
      !connection.relaying &&
      hostAnswersOn.includes(connection.local.port ?? 0);
    const refusal = hostWouldAnswer ? refusalOf(connection) : undefined;
    if (!refusal) {
      original(line);
      return;
    }
    connection.errors += 1;
    answerCommand(connection, refusal);
  };
}
