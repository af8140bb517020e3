import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Secret } from '../core/secret.ts';

/** In octets; nobody has a password as long. */
const longestLine = 4096;

/** Asks for a password on the terminal, without echo; where there is none, takes the first line of standard input. */
export function readPassword(prompt: string): Promise<Secret> {
  return process.stdin.isTTY ? askTerminal(prompt) : firstLine(process.stdin);
}

/** The prompt goes to standard error: standard output is for the answer. */
async function askTerminal(prompt: string): Promise<Secret> {
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => done(),
  });
  const terminal = createInterface({
    ...{ input: process.stdin, output: nowhere },
    ...{ terminal: true, historySize: 0 },
  });
  // After the terminal was told not to echo: whoever types as soon as the prompt is there must not be shown.
  process.stderr.write(prompt);
  const line = await new Promise<string | undefined>((resolve) => {
    terminal.once('line', resolve);
    terminal.once('SIGINT', () => resolve(undefined));
    terminal.once('close', () => resolve(''));
  });
  terminal.close();
  process.stderr.write('\n');
  // The terminal is itself again by now, and whoever started us learns how we ended.
  if (line === undefined) process.kill(process.pid, 'SIGINT');
  return Secret.fromText(line ?? '');
}

async function firstLine(input: AsyncIterable<Buffer>): Promise<Secret> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of input) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.includes('\n') || bytes.length > longestLine) break;
  }
  const end = bytes.indexOf('\n');
  const line = end === -1 ? bytes : bytes.subarray(0, end);
  return new Secret(line.at(-1) === 0x0d ? line.subarray(0, -1) : line);
}
