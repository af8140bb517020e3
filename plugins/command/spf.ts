import { hostname } from 'node:os';
import { InvalidArgumentError, type Command } from 'commander';
import type { Dns } from '../core/dns/dns.ts';
import type { SpfEvidence } from '../core/inbound/spf.ts';
import { parseMailbox } from '../core/mailbox.ts';
import { isAddress } from '../core/network.ts';
import { checkHost } from '../core/spf/check-host.ts';
import { formatTrace } from '../core/spf/format-trace.ts';
import { printable } from '../core/spf/octets.ts';
import type { SpfOutcome, SpfResult } from '../core/spf/result.ts';
import { addServerOption, askDns, type ServerOptions } from './dns.ts';
import { installationIfAny, type Installation } from './installation.ts';
import { decideOnMx, decisionText, type MxDecision } from './mx-decision.ts';
import { aligned, exitCode, Failure, give, type Answer } from './output.ts';

const examples = `
SENDER is the address in MAIL FROM, or a domain. For the null sender, '' or
'<>', HELO is checked in its place (RFC 7208 §2.4), which is also checked where
it is given. With settings the answer says what the gateway would do.

Exit codes, by MAIL FROM, or HELO for the null sender: 0 pass, 1 another result,
64 the command line cannot be meant, 69 temperror: the DNS cannot be asked,
78 the settings are wrong.

Examples:
  gatekeeper spf 192.0.2.1 alice@corp.example
  gatekeeper spf 192.0.2.1 alice@corp.example gw.corp.example --json
  gatekeeper spf 2001:db8::1 '<>' gw.corp.example --server 127.0.0.1:53`;

/** Adds `gatekeeper spf IP SENDER [HELO]`. */
export function addSpf(program: Command): void {
  const command = program
    .command('spf')
    .description('check SPF of a client and a sender, and show how the result comes about')
    .argument('<ip>', 'address of the client', ipAddress)
    .argument('<sender>', 'the address in MAIL FROM')
    .argument('[helo]', 'what the client says in EHLO');
  addServerOption(command).addHelpText('after', examples).action(spf);
}

function ipAddress(text: string): string {
  if (isAddress(text)) return text;
  throw new InvalidArgumentError('Expected an IPv4 or IPv6 address.');
}

async function spf(
  ip: string,
  senderText: string,
  helo: string | undefined,
  options: ServerOptions,
  command: Command,
): Promise<void> {
  const sender = senderText.replace(/^<(.*)>$/s, '$1');
  if (sender === '' && helo === undefined) {
    throw new Failure('the null sender has no domain: give what the client says in EHLO', exitCode.usage);
  }
  const question = { ip, sender, ...(helo !== undefined && { helo }) };
  const installation = installationIfAny(command);
  const found = await askDns(installation?.settings.policy.dns, options, (dns) =>
    evaluate(question, dns, installation),
  );
  give(command, answerOf(question, found));
}

interface Question {
  readonly ip: string;
  readonly sender: string;
  readonly helo?: string;
}

/** What was found out, and what the gateway would make of it where there is one. */
interface Found extends SpfEvidence {
  readonly decisions?: readonly MxDecision[];
}

async function evaluate(
  { ip, sender, helo = '' }: Question,
  dns: Dns,
  installation: Installation | undefined,
): Promise<Found> {
  const check = (of: string) => checkHost({ ip, sender: of, helo, receiver: hostname() }, dns);
  const [ofHelo, mailFrom] = await Promise.all([
    check(''),
    sender === '' ? undefined : check(withoutQuotes(sender)),
  ]);
  const evidence = { helo: ofHelo, ...(mailFrom && { mailFrom }) };
  if (!installation) return evidence;
  const { policy } = installation.settings;
  return { ...evidence, decisions: await decideOnMx(ip, { text: sender }, evidence, dns, policy) };
}

/** RFC 7208 speaks of the local-part that quotes only write down. */
function withoutQuotes(sender: string): string {
  const mailbox = parseMailbox(sender);
  return mailbox ? `${mailbox.local}@${mailbox.domain}` : sender;
}

/** What each result says (RFC 7208 §2.6). */
const meanings: Readonly<Record<SpfResult, string>> = {
  pass: 'the domain lets this client send',
  fail: 'the domain does not let this client send',
  softfail: 'the domain would rather not let this client send',
  neutral: 'the domain does not say whether this client may send',
  none: 'the domain says nothing of who may send',
  permerror: 'what the domain says cannot be read',
  temperror: 'the DNS did not answer',
};

function answerOf({ ip, sender, helo }: Question, { helo: ofHelo, mailFrom, decisions = [] }: Found): Answer {
  const decisive = mailFrom ?? ofHelo;
  const checked = [
    ...(mailFrom ? [{ identity: 'MAIL FROM', value: sender, outcome: mailFrom }] : []),
    ...(helo === undefined ? [] : [{ identity: 'HELO', value: helo, outcome: ofHelo }]),
  ];
  return {
    exitCode: exitCodeOf(decisive),
    json: {
      result: decisive.result,
      ip,
      ...(mailFrom && { mail_from: { sender, ...mailFrom } }),
      ...(helo !== undefined && { helo: { helo, ...ofHelo } }),
      ...(decisions.length > 0 && { gateway: decisions }),
    },
    lines: [
      `${decisive.result}: ${printable(decisive.domain)}, ${ip}: ${meanings[decisive.result]}`,
      ...aligned([
        ...checked.map(({ identity, value, outcome }) => [identity, told(value, outcome)] as const),
        ...decisions.map((decision) => [`port ${decision.port}`, decisionText(decision)] as const),
      ]),
      ...checked.flatMap(({ identity, outcome }) => [
        '',
        `${identity}:`,
        ...formatTrace(outcome).map((line) => `  ${line}`),
      ]),
    ],
  };
}

function told(value: string, { result, mechanism, because }: SpfOutcome): string {
  const cause = because ?? mechanism;
  return `${value}: ${result}${cause === undefined ? '' : ` (${printable(cause)})`}`;
}

function exitCodeOf({ result }: SpfOutcome): number {
  if (result === 'pass') return exitCode.yes;
  return result === 'temperror' ? exitCode.unavailable : exitCode.no;
}
