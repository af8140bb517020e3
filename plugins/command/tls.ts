import { InvalidArgumentError, type Command } from 'commander';
import type { Demand } from '../core/criteria/criteria.ts';
import { newest } from '../core/criteria/presets.ts';
import type { Refusal } from '../core/directory/directory.ts';
import { identityOfAccount, type Identity } from '../core/identity.ts';
import { parseDomain } from '../core/mailbox.ts';
import { isAddress } from '../core/network.ts';
import { networkNamed, registrationAt } from '../core/registrations.ts';
import type { Policy } from '../core/settings/settings.ts';
import { tenantNamed } from '../core/tenant/identity.ts';
import { meanings } from './account.ts';
import { ciphersInWords, demandsInWords } from './demands.ts';
import { askDirectory, installationOf, type Installation } from './installation.ts';
import { aligned, exitCode, give, type Answer } from './output.ts';
import { findingsOf, type Asked, type Findings } from './tls-findings.ts';

const examples = `
All that is asked has to hold. Without --port it is the first port for
submission where an account is given, and else port 25; without --address no
entry counts that has networks; in place of an account stands the name of a
registered network, or tenant:NAME.

Exit codes: 0 something is asked of TLS, 1 nothing is, or nobody is this
account, or nobody knows what its names in the directory ask, 69 the directory
cannot be asked, 78 the settings are wrong.

Examples:
  gatekeeper tls --from bank.example
  gatekeeper tls --account alice@corp.example --address 192.0.2.7
  gatekeeper tls --port 587 --address 192.0.2.7 --json`;

interface Options {
  readonly from?: string;
  readonly account?: string;
  readonly port?: number;
  readonly address?: string;
}

/** Adds `gatekeeper tls`. */
export function addTls(program: Command): void {
  program
    .command('tls')
    .description('show which TLS is asked of a client and its mail, and by what')
    .option('--from <domain>', 'domain of the sender, in MAIL FROM or From', aDomain)
    .option('--account <account>', 'what the client logs in as')
    .option('--port <port>', 'the port that it reaches', aPort)
    .option('--address <ip>', 'where it comes from', anAddress)
    .addHelpText('after', examples)
    .action(tls);
}

function aDomain(text: string): string {
  const domain = parseDomain(text.slice(text.lastIndexOf('@') + 1));
  if (domain !== undefined) return domain;
  throw new InvalidArgumentError('Expected a domain.');
}

function aPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return port;
  throw new InvalidArgumentError('Expected a number from 1 to 65535.');
}

function anAddress(text: string): string {
  if (isAddress(text)) return text;
  throw new InvalidArgumentError('Expected an IPv4 or IPv6 address.');
}

async function tls(options: Options, command: Command): Promise<void> {
  const installation = installationOf(command);
  const { policy } = installation.settings;
  const { account, address } = options;
  const notes: string[] = [];
  const now = new Date();
  const client = address === undefined ? undefined : { address, inClear: false };
  const identity =
    account === undefined
      ? client && registrationAt(client, policy, now)?.identity
      : await identityNamed(account, installation, now, (note) => notes.push(note));
  if (typeof identity === 'string') {
    give(command, nobody(account ?? '', identity, notes));
    return;
  }
  const session = { port: options.port ?? usualPort(identity, policy), address: address ?? '', identity };
  give(command, answerOf(findingsOf(session, options.from, policy, now), notes));
}

/** Who an account is, or why it is nobody. */
async function identityNamed(
  account: string,
  installation: Installation,
  now: Date,
  note: (message: string) => void,
): Promise<Identity | Refusal> {
  const { policy } = installation.settings;
  const registered = networkNamed(account, policy, now) ?? tenantNamed(account, policy, now);
  if (registered) return registered;
  const found = await askDirectory(installation, (directory) => directory.find(account), note);
  return found.kind === 'account' ? identityOfAccount(found.account) : found.cause;
}

function usualPort(identity: Identity | undefined, { listeners }: Policy): number {
  if (identity?.proof !== 'account') return 25;
  return listeners.find(({ role }) => role === 'submission')?.port ?? 587;
}

/** Of several the strictest counts. */
function strictest(asked: readonly Asked[]): Demand {
  const demands = asked.map(({ demand }) => demand);
  const minVersion = newest(demands.flatMap((each) => each.minVersion ?? []));
  return {
    by: '',
    ...(demands.some((each) => each.minVersion) && { minVersion }),
    ...(demands.some((each) => each.forwardSecrecy) && { forwardSecrecy: true }),
    ...(demands.some((each) => each.sni) && { sni: true }),
  };
}

function summaryOf({ asked, unknown, role, session, from }: Findings): string {
  if (unknown.length > 0)
    return `no: all mail of ${session.identity?.name ?? '-'} waits: directory.tls_attribute has ${unknown.join(', ')}, no entry of tls_criteria and no preset`;
  if (asked.length === 0) return `no: TLS is up to the client: nothing asks for it on port ${session.port}`;
  const certificates = asked.filter(({ demand }) => demand.certificate).map(({ demand }) => demand.by);
  const all = [
    ...demandsInWords(strictest(asked)),
    ...(certificates.length > 0 ? [`a client certificate (${certificates.join(', ')})`] : []),
  ];
  const what = from === undefined ? `port ${session.port} (${role})` : `mail from ${from}`;
  return `yes: ${what} needs ${['TLS', ...all].join(', ')}`;
}

function answerOf(findings: Findings, more: readonly string[]): Answer {
  const { session, from, role, asked, unknown, others, handshake } = findings;
  const { port, address, identity } = session;
  const notes = [...findings.notes, ...more];
  const { minVersion, ciphers } = handshake;
  const facts = aligned([
    ['port', `${port} (${role})`],
    ['address', address === '' ? [] : address],
    ['identity', identity ? `${identity.name} (${identity.id})` : []],
    ['mail from', from ?? []],
    [
      'asked by',
      asked.map(({ demand, because }) => `${demand.by}: ${demandsInWords(demand).join(', ')} (${because})`),
    ],
    ['not asked', others],
    ['handshake', `${minVersion} or newer, ${ciphersInWords(ciphers)}`],
    ['note', notes],
  ]);
  return {
    exitCode: asked.length > 0 && unknown.length === 0 ? exitCode.yes : exitCode.no,
    json: {
      ...{ port, role },
      ...(address !== '' && { address }),
      ...(identity && { identity: identity.name, identity_id: identity.id }),
      ...(from !== undefined && { from }),
      asked: asked.map(askedJson),
      ...(unknown.length > 0 && { unclear: unknown }),
      ...(others.length > 0 && { not_asked: others }),
      handshake: { min_version: minVersion, ciphers },
      ...(notes.length > 0 && { notes }),
    },
    lines: [summaryOf(findings), ...facts],
  };
}

function askedJson({ demand, because }: Asked) {
  const { by, minVersion, ciphers, forwardSecrecy, certificate, sni } = demand;
  return {
    ...{ by, because },
    ...(minVersion && { min_version: minVersion }),
    ...(forwardSecrecy && { forward_secrecy: true }),
    ...(ciphers !== undefined && { ciphers }),
    ...(certificate && { client_certificate: true }),
    ...(certificate?.certificate_names.length && { certificate_names: certificate.certificate_names }),
    ...(sni && { sni: true }),
  };
}

function nobody(account: string, cause: Refusal, notes: readonly string[]): Answer {
  return {
    exitCode: exitCode.no,
    json: { account, cause, ...(notes.length > 0 && { notes }) },
    lines: [`no: ${account} cannot log in: ${cause}: ${meanings[cause]}`, ...aligned([['note', notes]])],
  };
}
