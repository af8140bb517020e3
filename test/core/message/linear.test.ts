import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSettings } from '../../../plugins/core/settings/file.ts';
import { decideAuthor, protectedAuthors } from '../../../plugins/sender/author.ts';
import { identityOf, judge, submitted } from '../../sender/judging.ts';

const { policy } = parseSettings(
  JSON.stringify({
    protected_domains: ['corp.example'],
    directory: { urls: ['ldaps://x'], bind_dn: 'x', base: 'x' },
    sender: {
      ...{
        foreign_display: 'observe',
        protected_names: [{ name: 'Carol Chief', addresses: ['carol@corp.example'] }],
      },
    },
  }),
  'test',
);
const alice = identityOf(['alice@corp.example']);

/** Header lines that grow with a number. */
interface Shape {
  readonly it: string;
  readonly size: number;
  readonly lines: (size: number) => readonly string[];
}

const own = '<alice@corp.example>';
/** In lines of 900 characters: longer ones are refused as they are. */
const from = (name: string) => [`From: ${name.match(/.{1,900}/gsu)?.join('\n ') ?? ''} ${own}`];

const marks = `=?utf-8?b?${Buffer.from('\u0301\u0316'.repeat(30)).toString('base64')}?=`;

const shapes: readonly Shape[] = [
  { it: 'nested comments', size: 3000, lines: (n) => from(`${'('.repeat(n)}${')'.repeat(n)}`) },
  { it: 'comments beside each other', size: 4000, lines: (n) => from('(x)'.repeat(n)) },
  {
    it: 'mailboxes',
    size: 400,
    lines: (n) => [`From: ${Array(n).fill(own).join(',\n ')}`, `Sender: ${own}`],
  },
  { it: 'a name that fills 64 KiB', size: 32_000, lines: (n) => from(`"${'x'.repeat(n)}"`) },
  {
    it: 'lines that look like From',
    size: 1000,
    lines: (n) => [`From: ${own}`, ...Array<string>(n).fill('From2: carol@corp.example')],
  },
  {
    it: 'continuation lines that look like From',
    size: 1000,
    lines: (n) => [`From: ${own}`, 'X: y', ...Array<string>(n).fill(' from: alice@corp.example')],
  },
  { it: 'encoded-words', size: 1000, lines: (n) => from('=?utf-8?q?x?= '.repeat(n)) },
  {
    it: 'encoded-words that hold letters in part',
    size: 1000,
    lines: (n) => from('=?utf-8?b?w?= '.repeat(n)),
  },
  { it: 'encoded-words that do not begin', size: 8000, lines: (n) => from('?= '.repeat(n)) },
  { it: 'encoded-words that do not end', size: 1500, lines: (n) => from(`"${'=?utf-8?q?'.repeat(n)}"`) },
  { it: 'character sets without end', size: 16_000, lines: (n) => from('=?'.repeat(n)) },
  { it: 'languages without end', size: 8000, lines: (n) => from('=?a*'.repeat(n)) },
  { it: 'gaps between encoded-words', size: 20_000, lines: (n) => from(`"=?utf-8?q?x?=${' '.repeat(n)}="`) },
  { it: 'gaps and openings', size: 2000, lines: (n) => from(`"${'?= =?x'.repeat(n)}"`) },
  { it: 'at signs', size: 16_000, lines: (n) => from(`"${'@'.repeat(n)}"`) },
  { it: 'addresses', size: 2000, lines: (n) => from(`"${'a@b.example '.repeat(n)}"`) },
  { it: 'local-parts without end', size: 500, lines: (n) => from(`"${`${'a'.repeat(63)}@`.repeat(n)}"`) },
  { it: 'domains without end', size: 8000, lines: (n) => from(`"@${'a.'.repeat(n)}"`) },
  { it: 'space before an at sign', size: 16_000, lines: (n) => from(`"${' '.repeat(n)}@"`) },
  { it: 'backslashes', size: 16_000, lines: (n) => from(`"${'\\\\'.repeat(n)}"`) },
  { it: 'a quoted string that does not end', size: 16_000, lines: (n) => from(`"${'\\"'.repeat(n)}`) },
  { it: 'quoted strings', size: 4000, lines: (n) => from('"" '.repeat(n)) },
  { it: 'dots', size: 8000, lines: (n) => from('.'.repeat(n)) },
  { it: 'letters of other scripts', size: 10_000, lines: (n) => from(`"${'ﷺ'.repeat(n)}"`) },
  { it: 'combining marks', size: 16_000, lines: (n) => from(`"a${'\u0301\u0316'.repeat(n / 2)}"`) },
  {
    it: 'combining marks in encoded-words',
    size: 150,
    lines: (n) => [`From: ${Array<string>(n).fill(marks).join('\n ')} ${own}`],
  },
  { it: 'flags that do not end', size: 4000, lines: (n) => from(`"${'🏴\u{e0061}'.repeat(n)}"`) },
  { it: 'joiners', size: 16_000, lines: (n) => from(`"${'\u200d'.repeat(n)}"`) },
  {
    it: 'space before a folded field',
    size: 32_000,
    lines: (n) => [`From: ${own}`, `X: y`, ` ${' \t'.repeat(n)}`],
  },
  {
    it: 'ends of lines that are none',
    size: 16_000,
    lines: (n) => [`From: ${own}`, `X: ${'\v \u2028'.repeat(n)}from`],
  },
  { it: 'one line of 64 KiB', size: 32_000, lines: (n) => [`From: ${own}`, `X: ${'x'.repeat(n)}`] },
  { it: 'lines', size: 1000, lines: (n) => [`From: ${own}`, ...Array<string>(n).fill('X: y')] },
  {
    it: 'parts of References',
    size: 4000,
    lines: (n) => [`From: ${own}`, `References: ${'<x@y.example> '.repeat(n)}`],
  },
  {
    it: 'blocks that were sent again',
    size: 1000,
    lines: (n) => [...Array<string>(n).fill(`Resent-From: ${own}`), `From: ${own}`],
  },
  {
    it: 'addresses for replies',
    size: 1000,
    lines: (n) => [`From: ${own}`, `Reply-To: ${Array(n).fill('x@y.example').join(',\n ')}`],
  },
  { it: 'words of a name', size: 4000, lines: (n) => from(`"${'Carol '.repeat(n)}"`) },
];

/** What a name says of the sender, by an account and by a stranger. */
function judgeAll(headerLines: readonly string[]): void {
  const facts = submitted({ identity: alice, from: 'alice@corp.example', headerLines });
  judge(facts, policy);
  const authors = protectedAuthors(facts, policy);
  if (authors.kind === 'authors') decideAuthor(authors, undefined, facts.dkim);
}

function millisecondsFor(headerLines: readonly string[]): number {
  const start = performance.now();
  judgeAll(headerLines);
  return performance.now() - start;
}

/** Once is enough: what else runs on the machine, or collects garbage, only adds. What is not linear is always too slow. */
const tries = 10;

/** What grows by the square takes 64 times as long; what else runs on the machine adds to eight. */
const most = 30;

void describe('a header of eight times the size takes about eight times as long', () => {
  for (const { it: title, size, lines } of shapes) {
    void it(title, (context) => {
      const [small, large] = [Math.ceil(size / 4), 2 * size].map((n) =>
        lines(n)
          .flatMap((line) => line.split('\n'))
          .map((line) => `${line}\n`),
      );
      assert.ok(small && large);
      judgeAll(small);
      let [short, long] = [Infinity, Infinity];
      // A millisecond is beyond what can be measured.
      for (let count = 0; count < tries && !(long < most * short + 1 && count > 1); count += 1) {
        short = Math.min(short, millisecondsFor(small));
        long = Math.min(long, millisecondsFor(large));
      }
      context.diagnostic(`${short.toFixed(2)} ms, ${long.toFixed(2)} ms`);
      assert.ok(long < most * short + 1, `${short} ms, then ${long} ms`);
    });
  }
});
