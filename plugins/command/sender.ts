import { InvalidArgumentError, type Command } from 'commander';
import type { Account, Verification } from '../core/directory/directory.ts';
import { identityOfAccount, type Identity } from '../core/identity.ts';
import { formatMailbox, parseMailbox } from '../core/mailbox.ts';
import { mailServerOf, networkNamed, withRegistration, type MailServer } from '../core/registrations.ts';
import { rightTo, type Right } from '../core/rights.ts';
import { modeInForce } from '../core/settings/mode.ts';
import type { Policy } from '../core/settings/settings.ts';
import { accountFacts, accountJson, meanings, serverFacts } from './account.ts';
import { askDirectory, installationOf } from './installation.ts';
import { aligned, exitCode, give, type Answer, type Fact } from './output.ts';

const examples = `
One rule holds for the envelope (MAIL FROM) and the header (From, Sender). In
place of an account stands the name of a registered network.

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
    .argument('<account>', 'what the client gives as its user name, or a registered network')
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
  const network = networkNamed(account, policy, new Date());
  const judgement = network
    ? judge(address, network, policy)
    : await askDirectory(
        installation,
        async (directory) => judgeAccount(account, address, await directory.find(account), policy),
        (message) => notes.push(message),
      );
  give(command, answerOf(judgement, notes.concat(modeNotes(policy))));
}

interface Judgement {
  readonly address: string;
  readonly account?: Account;
  readonly server?: MailServer | undefined;
  readonly right?: Right | undefined;
  /** In words. */
  readonly why: string;
}

function judgeAccount(login: string, text: string, found: Verification, policy: Policy): Judgement {
  if (found.kind === 'refused') {
    return { address: text, why: `${login} cannot log in: ${found.cause}: ${meanings[found.cause]}` };
  }
  const { account } = found;
  const identity = withRegistration(identityOfAccount(account), policy, new Date());
  const server = mailServerOf(account, policy, new Date());
  return { account, server, ...judge(text, identity, policy) };
}

function judge(text: string, identity: Identity, { sender }: Policy): Judgement {
  const mailbox = parseMailbox(text);
  if (!mailbox) return { address: text, why: `${text} cannot be read as an address` };
  const address = formatMailbox(mailbox);
  const right = rightTo(mailbox, identity, sender.subaddress_separator);
  return { address, right, why: reasonOf(right, address, identity) };
}

function reasonOf(right: Right | undefined, address: string, { name, forwards }: Identity): string {
  if (!right) {
    const forward = forwards === 'off' ? '' : ', but it may forward mail of others (forward_foreign)';
    return `${address} is no address of ${name}${forward}`;
  }
  const base = formatMailbox(right.owned);
  switch (right.rule) {
    case 'owned':
      return `${address} is an address of ${name}`;
    case 'domain':
      return `${address} is in a domain of ${name}`;
    case 'subaddress':
      return `${address} is ${base} with a subaddress (sender.subaddress_separator)`;
  }
}

function modeNotes(policy: Policy): string[] {
  const mode = modeInForce(policy.sender.mode, policy);
  if (mode === 'enforce') return [];
  const setting = mode === policy.sender.mode ? 'sender.mode' : 'emergency';
  return [`${setting} is ${mode}: the gateway refuses no address of a sender`];
}

function answerOf({ address, account, server, right, why }: Judgement, notes: readonly string[]): Answer {
  const facts: Fact[] = [
    ...(account && !right ? accountFacts(account) : []),
    ...(right ? [] : serverFacts(server)),
    ...notes.map((note) => ['note', note] as const),
  ];
  return {
    exitCode: right ? exitCode.yes : exitCode.no,
    json: {
      address,
      allowed: right !== undefined,
      ...(right && { rule: right.rule, owned: formatMailbox(right.owned) }),
      why,
      ...(account && { account: accountJson(account) }),
      ...(server && { mail_server: server }),
      ...(notes.length > 0 && { notes }),
    },
    lines: [`${right ? 'yes' : 'no'}: ${why}`, ...aligned(facts)],
  };
}
