import type { Command } from 'commander';
import type { Policy } from '../core/settings/settings.ts';
import { choose, readEvents } from './event-files.ts';
import type { EventFilter } from './event-filter.ts';
import { addFilters, wholeNumber } from './event-options.ts';
import { installationOf } from './installation.ts';
import { aligned, exitCode, give, type Answer, type Fact } from './output.ts';
import { remedyFor } from './remedy.ts';
import { Withheld, type Group } from './withheld.ts';

const examples = `
What a policy in observe mode would have refused, before it is enforced: one
entry for each check, reason, sender domain and network of clients, or account;
with the number of events, one of them, and what to do.

Exit codes: 0 something would have been refused, 1 nothing would, or there are
no events, 69 a file cannot be read, 78 the settings are wrong.

Examples:
  gatekeeper report --since 7d
  gatekeeper report --check sender/author -n 100
  gatekeeper report --json`;

/** How many entries are shown when nothing says it. */
const defaultEntries = 20;

interface ReportOptions extends EventFilter {
  readonly lines: number;
}

/** Adds `gatekeeper report`. */
export function addReport(program: Command): void {
  const command = program
    .command('report')
    .description('show what would have been refused, if it were enforced, and what to do about it')
    .option('-n, --lines <number>', 'the entries with the most events, so many', wholeNumber, defaultEntries);
  addFilters(command, ['since', 'check', 'reason', 'identity', 'client'])
    .addHelpText('after', examples)
    .action(report);
}

async function report({ lines: most, ...filter }: ReportOptions, command: Command): Promise<void> {
  const installation = installationOf(command);
  const withheld = new Withheld();
  await readEvents(installation, async (lines) => {
    for await (const batch of lines.present(filter.since)) {
      for (const event of choose(batch, filter)) withheld.add(event);
    }
  });
  give(command, answerOf(withheld, most, installation.settings.policy));
}

/** A group, and what to do about it. */
type Entry = Group & { readonly fix: string };

function answerOf(withheld: Withheld, most: number, policy: Policy): Answer {
  const groups = withheld.groups();
  const now = new Date();
  const entries = groups.slice(0, most).map((group) => ({ ...group, fix: remedyFor(group, policy, now) }));
  const rest = groups.slice(most);
  const more = {
    entries: rest.length,
    events: rest.reduce((sum, { count }) => sum + count, withheld.omitted),
  };
  return {
    exitCode: groups.length > 0 ? exitCode.yes : exitCode.no,
    json: { would_have_been_refused: entries, ...(more.events > 0 && { more }) },
    lines: [
      ...(groups.length > 0 ? ['Would have been refused'] : ['nothing would have been refused']),
      ...entries.flatMap(linesOf),
      ...(more.events > 0 ? ['', `and ${more.events} events of other entries: -n shows more`] : []),
    ],
  };
}

function linesOf(entry: Entry): string[] {
  const { check, reason, count, first, last, reference, detail, fix } = entry;
  const example = detail === undefined ? reference : `${reference}: ${detail}`;
  const facts: Fact[] = [
    ['what', whatOf(entry)],
    ['when', first === last ? first : `${first} to ${last}`],
    ['example', example],
    ['fix', fix],
  ];
  const times = `${count} ${count === 1 ? 'time' : 'times'}`;
  return ['', `${times}: ${reason}, by ${check}`, ...aligned(facts).map((line) => `  ${line}`)];
}

function whatOf({ identity, address, domain, client, network = client, peer }: Group): string {
  if (identity !== undefined) return address === undefined ? identity : `${identity} as ${address}`;
  // Of mail that leaves there is no client.
  if (network === undefined) return domain ?? 'the null sender';
  const from = peer === undefined ? network : `${network} (${peer})`;
  return domain === undefined ? `from ${from}` : `${domain} from ${from}`;
}
