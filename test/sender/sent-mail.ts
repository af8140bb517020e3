import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A message that one of our people, or of our programs, sends. It stands in a file of sent-mail/, after what it is: who has
 * logged in (`login WHO`), its envelope (`from SENDER PARAMETERS`, `to RECIPIENT`), whose good DKIM signature it has
 * (`signed DOMAIN`), and which checks would refuse it as shipped, if they were enforced (`would CHECK`).
 */
export interface SentMail {
  readonly file: string;
  readonly title: string;
  readonly login: string;
  readonly from: string;
  readonly parameters: readonly string[];
  readonly to: readonly string[];
  readonly signed: readonly string[];
  readonly would: readonly string[];
  /** Header and body as octets, each of which is a character. */
  readonly content: string;
}

const folder = join(import.meta.dirname, 'sent-mail');

/** All of them; they must not be refused. */
export function readSentMail(): readonly SentMail[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.mail'));
  return files.sort().flatMap((file) =>
    readFileSync(join(folder, file), 'latin1')
      .split(/^===\n/m)
      .map((text) => readOne(file, text)),
  );
}

function readOne(file: string, text: string): SentMail {
  const end = text.indexOf('\n\n');
  const lines = text
    .slice(0, end)
    .split('\n')
    .map((line): [string, string] => {
      const [, verb = '', rest = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
      return [verb, rest];
    });
  const all = (verb: string) => lines.filter(([each]) => each === verb).map(([, rest]) => rest);
  const one = (verb: string) => {
    const [only, ...others] = all(verb);
    assert.ok(only !== undefined && others.length === 0, `${file}: one line ${verb} is needed: ${text}`);
    return only;
  };
  const [from = '', ...parameters] = Buffer.from(one('from'), 'latin1').toString('utf8').split(' ');
  return {
    ...{ file, title: one('#'), login: one('login'), from, parameters },
    ...{ to: all('to'), signed: all('signed'), would: all('would') },
    content: text.slice(end + 2).replaceAll('\n', '\r\n'),
  };
}

/** The lines of the header as Haraka has them: UTF-8, each ending in LF. */
export function headerLinesOf(content: string): readonly string[] {
  const [header = ''] = `\r\n${content}`.split('\r\n\r\n', 1);
  const lines = Buffer.from(header, 'latin1').toString('utf8').split('\r\n').slice(1);
  return lines.map((line) => `${line}\n`);
}
