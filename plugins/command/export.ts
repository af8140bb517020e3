import type { Command } from 'commander';
import { jsonLine } from '../core/json-line.ts';
import type { EventStore } from '../core/events/store.ts';
import { withEvents } from './event-store.ts';
import { installationOf, type Installation } from './installation.ts';
import { aligned, exitCode, printError, writeOut } from './output.ts';
import { namesFacts, namesOf, personOf, refuseEmpty, type NameOptions } from './person.ts';
import { recordAction } from './recorded.ts';

const examples = `
Every event that names somebody, the oldest first, each a line of JSON: as who sent
it or tried to, as a recipient, as a client, or in a text. Events that name nobody
any more are among them (audit.clear_days). PERSON is the name of an account, its
id, a login or an address; several are several names of one person. What else the
directory and the events know of the account is looked for, too, unless --only says
otherwise; standard error says by which names. An event may name others as well:
look through it before you hand it on. What is counted is not shown: it is made of
events. It is an event itself (audit/operator) that somebody asked.

Exit codes: 0 something is kept, 1 nothing is, 64 the name is empty, 69 the events
or the directory cannot be read, 78 the settings are wrong.

Examples:
  gatekeeper export alice@corp.example > alice.jsonl
  gatekeeper export alice@corp.example alice.smith@corp.example
  gatekeeper export uid=alice,ou=people,dc=corp,dc=example --only`;

/** Adds `gatekeeper export PERSON`. */
export function addExport(program: Command): void {
  program
    .command('export')
    .description('show every event about a person, as lines of JSON')
    .argument('<person...>', 'an account by its name, id or login, or an address; several for one person')
    .option('--only', 'by these names only, without those that the directory and the events know')
    .addHelpText('after', examples)
    .action(exportPerson);
}

async function exportPerson(given: string[], options: NameOptions, command: Command): Promise<void> {
  refuseEmpty(given);
  const installation = installationOf(command);
  const shown = await withEvents(installation, (store) => show(given, options, installation, store));
  await recordAction(installation, 'export', [`${given.join(' ')}: ${shown} events`]);
  process.exitCode = shown > 0 ? exitCode.yes : exitCode.no;
}

/** How many there are. */
async function show(
  given: readonly string[],
  options: NameOptions,
  installation: Installation,
  store: EventStore,
): Promise<number> {
  const names = await namesOf(given, options, installation, store);
  for (const line of aligned(namesFacts(names))) printError(line);
  const person = personOf(names, installation);
  let shown = 0;
  for await (const batch of store.events({})) {
    const theirs = batch.filter(({ event }) => person.isNamedIn(event));
    shown += theirs.length;
    await writeOut(theirs.map(({ event }) => `${jsonLine(event)}\n`).join(''));
  }
  return shown;
}
