import { InvalidArgumentError, type Command } from 'commander';
import type { Account, Verification } from '../core/directory/directory.ts';
import { formatMailbox, parseMailbox } from '../core/mailbox.ts';
import { rightTo, type Right } from '../core/rights.ts';
import { modeInForce } from '../core/settings/mode.ts';
import type { Policy } from '../core/settings/settings.ts';
import { accountFacts, accountJson, meanings } from './account.ts';
import { askDirectory, installationOf } from './installation.ts';
import { aligned, exitCode, give, type Answer, type Fact } from './output.ts';

const examples = `
One rule holds for the envelope (MAIL FROM) and the header (From, Sender).

Exit codes: 0 it may, 1 it may not, 69 the directory cannot be asked, 78 the
settings are wrong.

Examples:
  gatekeeper sender alice@corp.example alice.smith@corp.example
  gatekeeper sender alice@corp.example alice+shop@corp.example --json`;

/** Adds `gatekeeper sender ACCOUNT ADDRESS`. */
export function addSender(program: Command): void {
  program
    .command('sender')
    .description('tell whether an account may write as an address, and why')
    .argument('<account>', 'what the client gives as its user name')
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
  const notes: string[] = [];
  const found = await askDirectory(
    installation,
    (directory) => directory.find(account),
    (message) => notes.push(message),
  );
  const judgement = judge(account, address, found, installation.settings.policy);
  give(command, answerOf(judgement, notes.concat(modeNotes(installation.settings.policy))));
}

interface Judgement {
  readonly address: string;
  readonly account?: Account;
  readonly right?: Right;
  /** In words. */
  readonly why: string;
}

function judge(login: string, text: string, found: Verification, { sender }: Policy): Judgement {
  if (found.kind === 'refused') {
    return { address: text, why: `${login} cannot log in: ${found.cause}: ${meanings[found.cause]}` };
  }
  const { account } = found;
  const mailbox = parseMailbox(text);
  if (!mailbox) return { address: text, account, why: `${text} cannot be read as an address` };
  const address = formatMailbox(mailbox);
  const right = rightTo(mailbox, account, sender.subaddress_separator);
  if (right) return { address, account, right, why: reasonOf(right, address, account) };
  return { address, account, why: `${address} is no address of ${account.name}` };
}

function reasonOf({ owned, rule }: Right, address: string, account: Account): string {
  const base = formatMailbox(owned);
  switch (rule) {
    case 'owned':
      return `${address} is an address of ${account.name}`;
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

function answerOf({ address, account, right, why }: Judgement, notes: readonly string[]): Answer {
  const facts: Fact[] = [
    ...(account && !right ? accountFacts(account) : []),
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
      ...(notes.length > 0 && { notes }),
    },
    lines: [`${right ? 'yes' : 'no'}: ${why}`, ...aligned(facts)],
  };
}
