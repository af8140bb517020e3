import { printable } from '../../core/json-line.ts';
import type { Report } from '../../core/readings/report.ts';
import { reportLines } from '../../core/readings/text.ts';

/** What a mail says of a report; the subject is US-ASCII. */
export interface DigestText {
  readonly subject: string;
  readonly text: readonly string[];
}

/** Rows of a table; the command shows more. */
const mostRows = 10;

/** Octets are at most three times as many, and 998 in a line (RFC 5322 §2.1.1). */
const longestLine = 300;

/** The same as `gatekeeper report` says, with nothing in it that a mail program would make a link of. */
export function digestText(report: Report, node: string): DigestText {
  const count = report.sections.reduce((sum, { findings }) => sum + findings.length, 0);
  const lines = [...reportLines(report, mostRows), '', 'More rows: gatekeeper report --since 24h -n 100'];
  return {
    subject: `${node}: ${count === 0 ? 'no' : count} ${count === 1 ? 'finding' : 'findings'} in 24 hours`,
    text: lines.flatMap((line) => folded(unlinked(printable(line)))),
  };
}

/** Names are of whoever chose them: `evil[.]example`, as those write who tell each other of attacks. */
export function unlinked(line: string): string {
  return line
    .replace(/\.(?=[\p{L}\p{M}])/gu, '[.]')
    .replace(
      /:(?=\/\/|\\)|(?<=\b(?:mailto|tel|sms|file|https?|ftp|javascript|data|callto|skype)):(?=\S)/giu,
      '[:]',
    )
    .replace(/\\(?=\\)/g, '\\ ');
}

function folded(line: string): string[] {
  if (line.length <= longestLine) return [line];
  const parts: string[] = [];
  for (let at = 0; at < line.length; at += longestLine) parts.push(line.slice(at, at + longestLine));
  return parts;
}
