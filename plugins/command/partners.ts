import type { Command } from 'commander';
import type { Dns } from '../core/dns/dns.ts';
import { daysLeft } from '../core/expiry.ts';
import type { Partner } from '../core/partners.ts';
import { addServerOption, askDns, type ServerOptions } from './dns.ts';
import { installationOf } from './installation.ts';
import { aligned, exitCode, give, type Answer, type Fact } from './output.ts';
import { findingsOf, type Finding } from './partner-findings.ts';

const examples = `
Compares, for each entry of partners that is in force, its addresses with what
its include publishes now (RFC 7208): drift is what only one of both has. An
entry without include is looked for in the SPF records of its domains, by which
other servers judge it.

Exit codes: 0 no drift, 1 an entry has drift, has expired, or its SPF record is
broken, 69 only the DNS kept from comparing, 78 the settings are wrong.

Examples:
  gatekeeper partners
  gatekeeper partners --server 127.0.0.1:53 --json`;

/** More of one kind are only counted for people. */
const mostNetworksShown = 40;

/** Adds `gatekeeper partners`. */
export function addPartners(program: Command): void {
  const command = program
    .command('partners')
    .description('show the entries of partners, and where they differ from what the DNS says now');
  addServerOption(command).addHelpText('after', examples).action(partners);
}

async function partners(options: ServerOptions, command: Command): Promise<void> {
  const { policy } = installationOf(command).settings;
  const now = new Date();
  const entries = await askDns(policy.dns, options, (dns) =>
    Promise.all(policy.partners.map((partner) => examine(partner, now, dns))),
  );
  give(command, answerOf(entries));
}

interface Entry {
  readonly partner: Partner;
  readonly left: number;
  readonly findings: readonly Finding[];
}

/** An expired entry allows nothing: there is nothing to compare. */
async function examine(partner: Partner, now: Date, dns: Dns): Promise<Entry> {
  const left = daysLeft(partner, now);
  return { partner, left, findings: left < 0 ? [] : await findingsOf(partner, dns) };
}

function answerOf(entries: readonly Entry[]): Answer {
  return {
    exitCode: exitCodeOf(entries),
    json: { partners: entries.map(jsonOf) },
    lines: entries.length === 0 ? ['no partners'] : entries.flatMap(linesOf).slice(1),
  };
}

function exitCodeOf(entries: readonly Entry[]): number {
  const kinds = new Set(entries.flatMap(({ findings }) => findings.map(({ kind }) => kind)));
  const isExpired = entries.some(({ left }) => left < 0);
  if (isExpired || kinds.has('drift') || kinds.has('broken')) return exitCode.no;
  return kinds.has('trouble') ? exitCode.unavailable : exitCode.yes;
}

function jsonOf({ partner, left, findings }: Entry): object {
  return { ...partner, state: left < 0 ? 'expired' : 'in force', days_left: left, findings };
}

function linesOf({ partner, left, findings }: Entry): string[] {
  const { name, owner, domains, forwarder, addresses, include, note } = partner;
  const facts: Fact[] = [
    ['owner', owner],
    ['sends as', domains],
    ['forwards', forwarder ? 'mail of others' : []],
    ['addresses', addresses],
    ['include', include ?? []],
    ['says', note ?? []],
    ...findings.map(({ kind, networks, text }) => [kind, findingLines(networks, text)] as const),
  ];
  return ['', `${name}: ${stateOf(partner, left)}`, ...aligned(facts).map((line) => `  ${line}`)];
}

function stateOf({ expires }: Partner, left: number): string {
  if (left < 0) return `expired on ${expires}, ${days(-left)} ago`;
  return `in force until ${expires}, ${left === 0 ? 'today' : `${days(left)} left`}`;
}

function days(count: number): string {
  return `${count} ${count === 1 ? 'day' : 'days'}`;
}

function findingLines(networks: readonly string[] | undefined, text: string): string[] {
  if (!networks) return [text];
  const more = networks.length - mostNetworksShown;
  const shown = networks.slice(0, mostNetworksShown).map((network) => `${network}: ${text}`);
  return more > 0 ? [...shown, `(and ${more} more)`] : shown;
}
