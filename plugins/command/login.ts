import { join } from 'node:path';
import type { Command } from 'commander';
import { isExpired } from '../core/credential.ts';
import { refused, type Directory, type Verification } from '../core/directory/directory.ts';
import { unknownAttributes } from '../core/directory/schema.ts';
import { gatewayAlone } from '../core/directory/source-directory.ts';
import { accountSourcesOf, chooser, directoriesOf, identitySourcesOf } from '../core/directory/sources.ts';
import { mailServerOf, type MailServer } from '../core/registrations.ts';
import type { Secret } from '../core/secret.ts';
import type { Policy } from '../core/settings/settings.ts';
import { accountFacts, accountJson, inWords, meanings, serverFacts } from './account.ts';
import { accountDemands } from './demands.ts';
import { counterFacts, countersOf, type AccountCounters } from './guessing.ts';
import { askDirectory, installationOf, type Installation } from './installation.ts';
import { limitFacts, limitStatesOf, type LimitStates } from './limits.ts';
import { aligned, exitCode, Failure, give, type Answer, type Fact } from './output.ts';
import { readPassword } from './password.ts';

const examples = `
It also shows the failed logins that the gateway has counted of the account,
the networks that it is known from, and what it has sent, with its limits. "gatekeeper forget" lets it try again at once.
Of an application password it shows which one was given; from which networks it
or a mail server may log in only the gateway judges.

The password is asked for on the terminal; where there is none, it is the first
line of standard input.

Exit codes: 0 the account may log in, 1 it may not, 69 the directory cannot be
asked, 78 the settings are wrong.

Examples:
  gatekeeper login alice@corp.example
  gatekeeper login alice@corp.example --no-password
  gatekeeper login alice@corp.example --json < password.txt`;

/** Adds `gatekeeper login ACCOUNT`. */
export function addLogin(program: Command): void {
  program
    .command('login')
    .description('try a login as the gateway would, and show the account')
    .argument('<account>', 'what the client gives as its user name')
    .option('--no-password', 'do not ask for the password, only look the account up')
    .addHelpText('after', examples)
    .action(login);
}

async function login(account: string, { password }: { readonly password: boolean }, command: Command) {
  const installation = installationOf(command);
  refuseUnknown(account, installation.settings.policy);
  const notes: string[] = [];
  const tried = await askDirectory(
    installation,
    async (directory) =>
      tryLogin(directory, account, password ? await readPassword('Password: ') : undefined),
    (message) => notes.push(message),
  );
  const orNote = (error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    if (!notes.includes(error.message)) notes.push(error.message);
    return undefined;
  };
  const { policy } = installation.settings;
  notes.push(...(await misspelledFor(account, installation)));
  const asked = directoryFor(account, policy);
  const found = tried.found.kind === 'account' ? tried.found.account : undefined;
  const server = found && mailServerOf(found, policy, new Date());
  const guessing = await countersOf(installation, account).catch(orNote);
  const limits = found && (await limitStatesOf(installation, found).catch(orNote));
  const criteria = found ? accountDemands(found, policy, new Date()) : [];
  give(command, answerOf(account, { ...tried, asked, server, criteria }, notes, { guessing, limits }));
}

/** Before anybody types a password. */
function refuseUnknown(login: string, policy: Policy): void {
  const { key } = chooser(identitySourcesOf(policy).length > 0 ? accountSourcesOf(policy) : [])(login) ?? {};
  if (identitySourcesOf(policy).some((source) => source.key === key))
    throw new Failure(`${key}: ${gatewayAlone}`, exitCode.unavailable);
}

/** The key of the directory that decides, null where none does; absent where there is only one for all. */
interface Asked {
  readonly directory?: string | null;
}

/** What the settings of the directory that decides name and its schema does not know. */
async function misspelledFor(login: string, { dir, settings }: Installation): Promise<readonly string[]> {
  const key = sourceFor(login, settings.policy);
  const source = directoriesOf(settings.policy).find((each) => each.key === key);
  return source ? unknownAttributes(source, join(dir, 'config')) : [];
}

function directoryFor(login: string, policy: Policy): Asked {
  if (policy.directories.length + policy.identity_sources.length === 0) return {};
  return { directory: sourceFor(login, policy) ?? null };
}

function sourceFor(login: string, policy: Policy): string | undefined {
  return chooser(accountSourcesOf(policy))(login)?.key;
}

function askedFacts({ directory }: Asked): Fact[] {
  return directory === undefined ? [] : [['directory', directory ?? '(none is for this login)']];
}

/** What came of a login, and the account even where the login was refused. */
interface Tried {
  readonly isPasswordChecked: boolean;
  readonly verification: Verification;
  readonly found: Verification;
}

async function tryLogin(directory: Directory, login: string, password: Secret | undefined): Promise<Tried> {
  const isPasswordChecked = password !== undefined;
  const answer = await (password ? directory.verify(login, password) : directory.find(login));
  password?.wipe();
  const verification = unlessExpired(answer, new Date());
  const isFound = verification.kind === 'account' || !isPasswordChecked;
  return { isPasswordChecked, verification, found: isFound ? verification : await directory.find(login) };
}

/** As the gateway decides it, which also knows the client. */
function unlessExpired(verification: Verification, now: Date): Verification {
  const credential = verification.kind === 'account' ? verification.account.credential : undefined;
  if (!credential || !isExpired(credential, now)) return verification;
  return refused('app-password-expired', credential.name);
}

/** Of a login that is refused; with one that is not its name stands in the first line. */
function givenFact(verification: Verification): Fact[] {
  const given = givenIn(verification);
  return verification.kind === 'account' || given === undefined ? [] : [['given', given]];
}

/** The name of the application password that was given. */
function givenIn(verification: Verification): string | undefined {
  return verification.kind === 'account' ? verification.account.credential?.name : verification.credential;
}

function proofIn({ isPasswordChecked, verification }: Tried): string {
  if (!isPasswordChecked) return 'the password was not asked for';
  const credential = verification.kind === 'account' ? verification.account.credential : undefined;
  return credential ? `it is the application password ${inWords(credential)}` : 'the password is right';
}

/** What the gateway has counted. */
interface Counters {
  readonly guessing: AccountCounters | undefined;
  readonly limits: LimitStates | undefined;
}

function countersJson({ guessing, limits }: Counters): Readonly<Record<string, unknown>> {
  return { ...(guessing && { guessing }), ...(limits && { limits }) };
}

/** What is shown beside what was counted. */
interface Shown extends Tried {
  readonly asked: Asked;
  readonly server: MailServer | undefined;
  /** What TLS is asked of it, in words. */
  readonly criteria: readonly string[];
}

function answerOf(login: string, tried: Shown, notes: string[], counters: Counters): Answer {
  const { isPasswordChecked, verification, found, asked, server, criteria } = tried;
  const account = found.kind === 'account' ? found.account : undefined;
  const cause = verification.kind === 'refused' ? verification.cause : undefined;
  const reasons = [verification, found].flatMap((each) => (each.kind === 'refused' ? [each.cause] : []));
  const given = givenIn(verification);
  return {
    exitCode: cause === undefined ? exitCode.yes : exitCode.no,
    json: {
      login,
      may_log_in: cause === undefined,
      password_checked: isPasswordChecked,
      ...(cause !== undefined && { cause }),
      ...(given !== undefined && { app_password: given }),
      ...asked,
      ...(account && { account: accountJson(account) }),
      ...(server && { mail_server: server }),
      ...(criteria.length > 0 && { tls_criteria: criteria }),
      ...countersJson(counters),
      ...(notes.length > 0 && { notes }),
    },
    lines: [
      ...(cause === undefined ? [`yes: ${login} may log in; ${proofIn(tried)}`] : []),
      ...[...new Set(reasons)].map((each) => `no: ${login}: ${each}: ${meanings[each]}`),
      ...aligned([
        ...givenFact(verification),
        ...askedFacts(asked),
        ...(account ? accountFacts(account) : []),
        ...serverFacts(server),
        ['tls criteria', criteria],
        ...counterFacts(counters.guessing),
        ...limitFacts(counters.limits),
        ...notes.map((note) => ['note', note] as const),
      ]),
    ],
  };
}
