import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { pseudonym } from '../core/events/pseudonym.ts';
import type { EventStore } from '../core/events/store.ts';
import { forgettingOf } from '../core/guessing/forgetting.ts';
import { limitAccount } from '../core/limits/windows.ts';
import { parseNetwork } from '../core/network.ts';
import { forgottenWithinMs } from '../core/store/store.ts';
import { askStore } from './data.ts';
import { withEvents } from './event-store.ts';
import { installationOf, type Installation } from './installation.ts';
import { aligned, exitCode, give, type Answer } from './output.ts';
import {
  eventsKey,
  namesFacts,
  namesOf,
  personOf,
  refuseEmpty,
  type NameOptions,
  type Names,
} from './person.ts';
import { recordAction } from './recorded.ts';

const examples = `
Events and counts name them no more, for good: a hash under a key that nobody has
stands in the place of each name, and what they did themselves names nobody at all.
PERSON is as for "gatekeeper export", which shows what it is about. What is counted
against their logins, and of their limits, is forgotten as by "gatekeeper forget"
with --networks and --recipients. A database in data_directory is written anew: it
needs as much room again, and events of the running gateway wait meanwhile.

Without --yes nothing is changed: it is only said what would be.

Exit codes: 0 erased, 1 nothing names them, 64 --yes is missing or the name is
empty, 69 the events or the directory cannot be read, 78 the settings are wrong.

Examples:
  gatekeeper erase alice@corp.example --yes
  gatekeeper erase alice@corp.example alice.smith@corp.example --only --yes`;

/** Where a name may still be. */
const notReached = [
  "mail in Haraka's queue and mail that is held, until it leaves or is dropped",
  'the list of suspended accounts, until "gatekeeper release"',
  'events that wait for the store (events-spool in data_directory)',
  "Haraka's own log, the receivers of audit.webhook, copies and backups",
] as const;

interface EraseOptions extends NameOptions {
  readonly yes?: true;
}

/** Adds `gatekeeper erase PERSON`. */
export function addErase(program: Command): void {
  program
    .command('erase')
    .description('have events and counts name a person no more')
    .argument('<person...>', 'an account by its name, id or login, or an address; several for one person')
    .option('--only', 'by these names only, without those that the directory and the events know')
    .option('--yes', 'do it: it cannot be undone')
    .addHelpText('after', examples)
    .action(erase);
}

async function erase(given: string[], options: EraseOptions, command: Command): Promise<void> {
  refuseEmpty(given);
  const installation = installationOf(command);
  const answer = await withEvents(installation, async (store) => {
    const names = await namesOf(given, options, installation, store);
    return options.yes
      ? eraseNames(given, names, installation, store)
      : plan(given, names, await countOf(names, installation, store));
  });
  give(command, answer);
}

async function eraseNames(
  given: readonly string[],
  names: Names,
  installation: Installation,
  store: EventStore,
): Promise<Answer> {
  const { events, tallies } = await store.erase(names.names);
  const forgotten = await forgetCounters(names, installation);
  // Who has the key can prove later whom it was about; the name itself would have been kept by this.
  const hidden = given.map((name) => pseudonym(eventsKey(installation), name)).join(' ');
  await recordAction(installation, 'erase', [`${hidden}: ${events} events, ${tallies} counts`]);
  const isAny = events + tallies > 0;
  const what = `${events} events and ${tallies} counts`;
  const who = given.join(' ');
  return {
    exitCode: isAny ? exitCode.yes : exitCode.no,
    json: { erased: isAny, events, counts: tallies, counters_forgotten: forgotten, ...names, notReached },
    lines: [
      isAny ? `erased: ${who} from ${what}` : `no: nothing that is kept names ${who}`,
      ...factLines(names),
    ],
  };
}

function plan(given: readonly string[], names: Names, events: number): Answer {
  return {
    exitCode: exitCode.usage,
    json: { erased: false, why: '--yes is missing', events, ...names, notReached },
    lines: [
      `nothing was changed: ${events} events name ${given.join(' ')}; with --yes they, and what is counted of them, name nobody any more`,
      ...factLines(names),
    ],
  };
}

function factLines(names: Names): string[] {
  return aligned([...namesFacts(names), ['not reached', notReached]]);
}

async function countOf(names: Names, installation: Installation, store: EventStore): Promise<number> {
  const person = personOf(names, installation);
  let count = 0;
  for await (const batch of store.events({})) {
    count += batch.filter(({ event }) => person.isNamedIn(event)).length;
  }
  return count;
}

/** What is counted by their names, as `gatekeeper forget` does it; whether the gateway has counted anything yet. */
async function forgetCounters({ names }: Names, installation: Installation): Promise<boolean> {
  const { subaddress_separator: separator } = installation.settings.policy.sender;
  const accounts = names.filter((name) => parseNetwork(name) === undefined);
  const isForgotten = await askStore(installation, async (store) => {
    for (const name of accounts) {
      const { subject, meant } = forgettingOf(name, separator, true);
      await store.forget(subject, meant, Date.now());
      await store.forgetCircle(limitAccount(name));
    }
    return true;
  });
  if (isForgotten) await delay(forgottenWithinMs);
  return isForgotten === true;
}
