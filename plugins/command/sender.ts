import { InvalidArgumentError, type Command } from 'commander';
import type { Account, Verification } from '../core/directory/directory.ts';
import { identityOfAccount, type Identity } from '../core/identity.ts';
import { formatMailbox, parseMailbox } from '../core/mailbox.ts';
import { mailServerOf, networkNamed, withRegistration, type MailServer } from '../core/registrations.ts';
import {
  formatAddressPattern,
  rightsTo,
  type AddressPattern,
  type Place,
  type Right,
} from '../core/rights.ts';
import { tenantNamed } from '../core/tenant/identity.ts';
import { modeInForce } from '../core/settings/mode.ts';
import type { Policy } from '../core/settings/settings.ts';
import { accountFacts, accountJson, meanings, serverFacts } from './account.ts';
import { askDirectory, installationOf } from './installation.ts';
import { aligned, exitCode, give, type Answer, type Fact } from './output.ts';

const examples = `
One rule holds for the envelope (MAIL FROM) and the header (From, Sender). In
place of an account stands the name of a registered network, or tenant:NAME.

Exit codes: 0 it may, 1 it may not, 69 the directory cannot be asked, 78 the
settings are wrong.

Examples:
  gatekeeper sender alice@corp.example alice.smith@corp.example
  gatekeeper sender alice@corp.example alice+shop@corp.example --json
  gatekeeper sender exchange@corp.example bob@corp.example
  gatekeeper sender scanner-floor-3 scanner@corp.example`;

/** Adds `gatekeeper sender ACCOUNT ADDRESS`. */
export function addSender(program: Command): void {
  program
    .command('sender')
    .description('tell whether an account may write as an address, and why')
    .argument('<account>', 'what the client gives as its user name, a registered network, or tenant:NAME')
    .argument('<address>', 'the address in MAIL FROM, From or Sender', notNull)
    .addHelpText('after', examples)
    .action(sender);
}

/** RFC 5321 §4.5.5: the null reverse-path is no address, and everybody's. */
function notNull(address: string): string {
  if (address !== '' && address !== '<>') return address;
  throw new InvalidArgumentError('The null reverse-path may be used by everybody, in MAIL FROM only.');
}

async function sender(account: string, address: string, _options: object, command: Command): Promise<void> {
  const installation = installationOf(command);
  const { policy } = installation.settings;
  const notes: string[] = [];
  const network = networkNamed(account, policy, new Date()) ?? tenantNamed(account, policy, new Date());
  const judgement = network
    ? judge(address, network, policy)
    : await askDirectory(
        installation,
        async (directory) => judgeAccount(account, address, await directory.find(account), policy),
        (message) => notes.push(message),
      );
  give(
    command,
    answerOf(judgement, judgement.account?.name ?? network?.name ?? account, notes.concat(modeNotes(policy))),
  );
}

interface Judgement {
  readonly address: string;
  readonly account?: Account;
  readonly server?: MailServer | undefined;
  /** None where the answer is no. */
  readonly answers: readonly Permission[];
  /** In words, where the answer is no. */
  readonly why?: string;
}

/** A right, and where it holds. */
interface Permission {
  readonly place: Place;
  readonly right: Right;
}

function judgeAccount(login: string, text: string, found: Verification, policy: Policy): Judgement {
  if (found.kind === 'refused') {
    return {
      address: text,
      answers: [],
      why: `${login} cannot log in: ${found.cause}: ${meanings[found.cause]}`,
    };
  }
  const { account } = found;
  const identity = withRegistration(identityOfAccount(account), policy, new Date());
  const server = mailServerOf(account, policy, new Date());
  return { account, server, ...judge(text, identity, policy) };
}

function judge(text: string, identity: Identity, policy: Policy): Judgement {
  const mailbox = parseMailbox(text);
  if (!mailbox) return { address: text, answers: [], why: `${text} cannot be read as an address` };
  const address = formatMailbox(mailbox);
  const answers = places.flatMap((place) =>
    rightsTo(mailbox, place, identity, policy)
      .filter(({ rule }) => rule !== 'forward')
      .map((right) => ({ place, right })),
  );
  const everywhere = answers.find(({ right }) => isUnconditional(right));
  if (everywhere) return { address, answers: [everywhere] };
  const { name, forwards, pairs } = identity;
  if (pairs.length > 0)
    return { address, answers, why: `${name} may write only in pairs, and ${address} is in none` };
  const forward = forwards === 'off' ? '' : ', but it may forward mail of others (forward_foreign)';
  return { address, answers, why: `${address} is no address of ${name}${forward}` };
}

/** Where one and the same rule may give a right in one, and another in the next. */
const places: readonly Place[] = ['from', 'envelope', 'sender'];

function isUnconditional({ rule }: Right): boolean {
  return rule === 'owned' || rule === 'subaddress' || rule === 'domain';
}

function reasonOf({ place, right }: Permission, address: string, name: string): string {
  const field = { envelope: 'MAIL FROM', from: 'From', sender: 'Sender', resent: 'Resent-From' }[place];
  const { rule, owned, pair } = right;
  switch (rule) {
    case 'owned':
      return `${address} is an address of ${name}`;
    case 'domain':
      return `${address} is in a domain of ${name}`;
    case 'subaddress':
      return `${address} is ${formatMailbox(owned)} with a subaddress (sender.subaddress_separator)`;
    case 'on-behalf':
      return `in ${field} with a Sender of its own: ${name} may write on behalf of ${address}`;
    case 'list':
      return `in ${field} of mail to a list: with List-Id, and Sender or MAIL FROM of its own (grant list)`;
    case 'resend':
      return `in ${field} of what it sends again: with Resent-From of its own (grant resend)`;
    case 'pair':
      return place === 'envelope'
        ? `in ${field} with ${pairSide(pair?.header)} in From`
        : `in ${field} with ${pairSide(pair?.envelope)} in MAIL FROM`;
    case 'forward':
      return `in ${field} of what it forwards`;
  }
}

function pairSide(pattern: AddressPattern | undefined): string {
  return pattern ? formatAddressPattern(pattern) : '(nothing)';
}

function modeNotes(policy: Policy): string[] {
  const mode = modeInForce(policy.sender.mode, policy);
  if (mode === 'enforce') return [];
  const setting = mode === policy.sender.mode ? 'sender.mode' : 'emergency';
  return [`${setting} is ${mode}: the gateway refuses no address of a sender`];
}

function answerOf(judgement: Judgement, name: string, notes: readonly string[]): Answer {
  const { address, account, server, answers, why } = judgement;
  const isAllowed = answers.length > 0;
  const reasons = answers.map((answer) => reasonOf(answer, address, name));
  const facts: Fact[] = [
    ...(account && !isAllowed ? accountFacts(account) : []),
    ...(isAllowed ? [] : serverFacts(server)),
    ...notes.map((note) => ['note', note] as const),
  ];
  const [first] = answers;
  return {
    exitCode: isAllowed ? exitCode.yes : exitCode.no,
    json: {
      address,
      allowed: isAllowed,
      ...(first && { rule: first.right.rule, owned: formatMailbox(first.right.owned) }),
      why: isAllowed ? reasons.join('; ') : why,
      ...(account && { account: accountJson(account) }),
      ...(server && { mail_server: server }),
      ...(notes.length > 0 && { notes }),
    },
    lines: [
      ...(isAllowed ? [...new Set(reasons)].map((reason) => `yes: ${reason}`) : [`no: ${why}`]),
      ...aligned(facts),
    ],
  };
}
