import { once } from 'node:events';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { eventSchema } from '../core/event.ts';
import { jsonLine, printable } from '../core/json-line.ts';
import { replies } from '../core/replies.ts';
import { matches, parseEvent, parseSince, type EventFields, type EventFilter } from './event-filter.ts';
import { installationOf } from './installation.ts';
import { exitCode, Failure, type Globals } from './output.ts';
import { RotatedLines } from './rotated-lines.ts';

const examples = `
A line for people has the time, verdict, check, reason, who and client, and then
the detail and the reply. Who is the identity; in brackets it is what a login
called itself without a proof. With --json each event is a line of JSON.

Exit codes: 0 something was shown, 1 nothing was found, 69 a file cannot be read,
78 the settings are wrong.

Examples:
  gatekeeper events --refused --since 1d
  gatekeeper events --check auth/login --login bob@corp.example -n 5
  gatekeeper events --reference E374698C --json
  gatekeeper events --follow --refused`;

/** How many events come first when they are followed and nothing says which. */
const shownBeforeFollowing = 10;

interface EventOptions extends EventFilter, Globals {
  readonly follow?: true;
  readonly lines?: number;
}

/** Adds `gatekeeper events`. */
export function addEvents(program: Command): void {
  program
    .command('events')
    .description('show what the gateway decided: the events of audit.file and of its rotated files')
    .option(
      '-f, --follow',
      `go on with new ones; without -n and --since after the last ${shownBeforeFollowing}`,
    )
    .option('-n, --lines <number>', 'only the last ones, so many', wholeNumber)
    .option('--since <time>', 'not before an ISO time, or a span: 10m, 2h, 3d', (text) => parseSince(text))
    .option('--refused', 'only what a client was refused, for good or for now')
    .addOption(
      new Option('--verdict <verdict>', 'only this verdict').choices(eventSchema.shape.verdict.options),
    )
    .option('--check <check>', 'only of this check, as PLUGIN/CHECK')
    .addOption(new Option('--reason <reason>', 'only for this reason').choices(Object.keys(replies)))
    .option('--identity <name>', 'only of this identity, by its name or id')
    .option('--login <login>', 'only where a login called itself so')
    .option('--client <address>', 'only from this address')
    .option('--reference <text>', 'only whose reference has this text')
    .addHelpText('after', examples)
    .action(events);
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1.');
}

async function events(_options: object, command: Command): Promise<void> {
  const options = command.optsWithGlobals<EventOptions>();
  const { dir, settings } = installationOf(command);
  const path = resolve(dir, settings.policy.audit.file);
  const lines = new RotatedLines(path);
  try {
    process.exitCode = await show(lines, path, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new Failure(`the events cannot be read: ${(error as Error).message}`, exitCode.unavailable);
  } finally {
    await lines.close();
  }
}

async function show(lines: RotatedLines, path: string, options: EventOptions): Promise<number> {
  const { follow, since, json } = options;
  const { lines: count = follow && !since ? shownBeforeFollowing : Infinity } = options;
  const printed = json ? jsonLine : forPeople;
  let shown = 0;
  const print = async (chosen: readonly EventFields[]): Promise<void> => {
    shown += chosen.length;
    if (chosen.length > 0) await write(chosen.map((event) => `${printed(event)}\n`).join(''));
  };
  let last: EventFields[] = [];
  for await (const batch of lines.present(since)) {
    const chosen = choose(batch, options);
    if (count === Infinity) await print(chosen);
    else last = last.concat(chosen).slice(-count);
  }
  await print(last);
  if (follow) for await (const batch of lines.following()) await print(choose(batch, options));
  if (!lines.isThere) throw new Failure(`no events yet: ${path} does not exist`, exitCode.no);
  return shown > 0 ? exitCode.yes : exitCode.no;
}

/** A line that is no event, such as the half of one that a full disk left, is passed over. */
function choose(lines: readonly string[], filter: EventFilter): EventFields[] {
  return lines.flatMap((line) => {
    const event = parseEvent(line);
    return event && matches(event, filter) ? [event] : [];
  });
}

/** Waits where the reader is slow: a large file must not pile up in memory. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** Widths of the columns: what most values fit in. */
const columns = { time: 24, verdict: 12, check: 16, reason: 22, who: 28, client: 15 } as const;

function forPeople(event: EventFields): string {
  const { time, verdict, would_refuse, check, reason, client, detail, reply } = event;
  const cells = {
    time,
    verdict: would_refuse === true ? `would ${shownValue(verdict)}` : verdict,
    check,
    reason,
    who: whoOf(event),
    client,
  };
  const names = Object.keys(columns) as (keyof typeof columns)[];
  const head = names.map((name) => shownValue(cells[name]).padEnd(columns[name]));
  const tail = [detail, reply].filter((each) => each !== undefined).map(shownValue);
  return printable([...head, tail.join('; ')].join('  ').trimEnd());
}

function whoOf({ identity, login }: EventFields): unknown {
  return identity ?? (login === undefined ? undefined : `(${shownValue(login)})`);
}

function shownValue(value: unknown): string {
  if (value === undefined) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
