import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { EventStore, StoredEvent } from '../core/events/store.ts';
import { jsonLine, printable } from '../core/json-line.ts';
import { matches, type EventFields, type EventFilter } from './event-filter.ts';
import { addFilters, wholeNumber } from './event-options.ts';
import { withEvents } from './event-store.ts';
import { installationOf } from './installation.ts';
import { exitCode, writeOut, type Globals } from './output.ts';

const examples = `
A line for people has the time, verdict, check, reason, who and client, and then
the detail and the reply. Who is the identity; in brackets it is what a login
called itself without a proof. Where a message leaves, the outcome stands in the
place of the verdict, then whom it is about and the server's answer. With --json each event is a line of JSON.

Exit codes: 0 something was shown, 1 nothing was found, 69 the events cannot be
read, 78 the settings are wrong.

Examples:
  gatekeeper events --refused --since 1d
  gatekeeper events --check auth/login --login bob@corp.example -n 5
  gatekeeper events --reference E374698C --json
  gatekeeper events --follow --refused`;

/** How many events come first when they are followed and nothing says which. */
const shownBeforeFollowing = 10;

/** How often the store is asked for new ones. */
const lookEveryMs = 200;

interface EventOptions extends EventFilter, Globals {
  readonly follow?: true;
  readonly lines?: number;
}

/** Adds `gatekeeper events`. */
export function addEvents(program: Command): void {
  const command = program
    .command('events')
    .description('show what the gateway decided: the events that are kept')
    .option(
      '-f, --follow',
      `go on with new ones; without -n and --since after the last ${shownBeforeFollowing}`,
    )
    .option('-n, --lines <number>', 'only the last ones, so many', wholeNumber);
  addFilters(command).addHelpText('after', examples).action(events);
}

async function events(_options: object, command: Command): Promise<void> {
  const options = command.optsWithGlobals<EventOptions>();
  process.exitCode = await withEvents(installationOf(command), (store) => show(store, options));
}

async function show(store: EventStore, options: EventOptions): Promise<number> {
  const { follow, since, json } = options;
  const { lines: count = follow && !since ? shownBeforeFollowing : Infinity } = options;
  const printed = json ? jsonLine : forPeople;
  const print = (chosen: readonly StoredEvent[]) =>
    writeOut(chosen.map(({ event }) => `${printed(event)}\n`).join(''));
  let [shown, place] = [0, 0];
  const batches = count === Infinity ? store.events({ since }) : lastOnes(store, count, options);
  for await (const batch of batches) {
    place = batch.at(-1)?.place ?? place;
    const chosen = batch.filter(({ event }) => matches(event, options));
    shown += chosen.length;
    await print(chosen);
  }
  if (follow)
    await goOn(store, place, (batch) => print(batch.filter(({ event }) => matches(event, options))));
  return shown > 0 ? exitCode.yes : exitCode.no;
}

/** The last ones that are asked for, in their order. */
async function* lastOnes(
  store: EventStore,
  count: number,
  options: EventOptions,
): AsyncGenerator<readonly StoredEvent[]> {
  const last: StoredEvent[] = [];
  for await (const batch of store.events({ since: options.since, order: 'newest-first' })) {
    last.push(...batch.filter(({ event }) => matches(event, options)));
    if (last.length >= count) break;
  }
  yield last.slice(0, count).reverse();
}

/** For ever. */
async function goOn(
  store: EventStore,
  start: number,
  take: (batch: readonly StoredEvent[]) => Promise<void>,
): Promise<void> {
  let place = start;
  for (;;) {
    for await (const batch of store.events({ after: place })) {
      place = batch.at(-1)?.place ?? place;
      await take(batch);
    }
    await delay(lookEveryMs);
  }
}

/** Widths of the columns: what most values fit in. */
const columns = { time: 24, verdict: 12, check: 16, reason: 22, who: 28, client: 15 } as const;

function forPeople(event: EventFields): string {
  const { time, verdict, would_refuse, outcome = verdict, check, reason, client, detail, reply } = event;
  const cells = {
    time,
    verdict: would_refuse === true ? `would ${shownValue(verdict)}` : outcome,
    check,
    reason,
    who: whoOf(event),
    client,
  };
  const names = Object.keys(columns) as (keyof typeof columns)[];
  const head = names.map((name) => shownValue(cells[name]).padEnd(columns[name]));
  const told =
    event['outcome'] === undefined ? [detail, reply] : [recipientsOf(event), event['answer'], detail];
  const tail = told.filter((each) => each !== undefined).map(shownValue);
  return printable([...head, tail.join('; ')].join('  ').trimEnd());
}

/** The first of them: `gatekeeper trace` shows all. */
function recipientsOf({ recipients }: EventFields): string | undefined {
  if (!Array.isArray(recipients)) return undefined;
  const [first, ...others] = recipients.map(shownValue);
  return others.length > 0 ? `${first} and ${others.length} more` : first;
}

function whoOf({ identity, login }: EventFields): unknown {
  return identity ?? (login === undefined ? undefined : `(${shownValue(login)})`);
}

function shownValue(value: unknown): string {
  if (value === undefined) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
