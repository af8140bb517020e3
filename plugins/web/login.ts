import type { IncomingMessage } from 'node:http';
import { Unavailable, type Account, type Verification } from '../core/directory/directory.ts';
import { operatorEvent } from '../core/events/operator.ts';
import { printable } from '../core/json-line.ts';
import { Secret } from '../core/secret.ts';
import { Refused, seeOther, type Answer } from './answer.ts';
import { cookieOf, sessionIdOf } from './guard.ts';
import { loginAnswer, safeTarget } from './pages/login-page.ts';
import { roleOf, type Role } from './roles.ts';
import type { Session, Sessions } from './sessions.ts';
import type { Site } from './site.ts';
import type { Throttle } from './throttle.ts';

/** What a login needs. */
export interface Door {
  readonly site: Site;
  readonly sessions: Sessions;
  readonly throttle: Throttle;
  readonly isTls: boolean;
  /** Does it at most once a minute. */
  readonly complain: (action: () => void) => void;
  /** The same, for what the directory has against it. */
  readonly complainOfDirectory: (action: () => void) => void;
}

/** A refused login is answered after this time, whatever the cause: it must not tell who exists, or who is an admin. */
const refusedMs = 1000;

const noLogin = 'That did not work. The account, the password, or the right to use this page is missing.';

/** Tries a login. Wrong, unknown and without a role all hear the same. */
export async function logIn(
  door: Door,
  request: IncomingMessage,
  form: URLSearchParams,
  client: string,
): Promise<Answer> {
  const { site, throttle } = door;
  const account = (form.get('account') ?? '').trim();
  const to = form.get('to') ?? '';
  const turn = throttle.turn(account, client);
  if (turn.kind === 'wait') {
    // No event: who has to wait could fill the store.
    door.complain(() => site.log(`logins have to wait, the last one from ${client}`));
    const problem = `Too many logins failed. Try again in ${waitText(turn.seconds)}.`;
    const headers = { 'retry-after': String(turn.seconds) };
    return loginAnswer({ now: site.now(), account, to, problem, status: 429, headers });
  }
  const began = performance.now();
  await site.sleep(turn.delayMs);
  const found = await proven(door, account, form.get('password') ?? '');
  const role = found && roleOf(found, site.policy);
  if (!found || !role || site.isSuspended(found.id)) {
    await tell(door, { by: account, client, refusal: 'bad-credentials' });
    await site.sleep(Math.max(0, turn.delayMs + refusedMs - (performance.now() - began)));
    return loginAnswer({ now: site.now(), account, to, problem: noLogin, status: 401 });
  }
  await tell(door, { by: found.name, client });
  turn.succeeded();
  return begun(door, request, { login: account, name: found.name, role }, to);
}

function begun(
  { sessions, isTls }: Door,
  request: IncomingMessage,
  who: Pick<Session, 'login' | 'name' | 'role'>,
  to: string,
): Answer {
  sessions.end(sessionIdOf(request, isTls) ?? '');
  const { id } = sessions.begin(who);
  return seeOther(safeTarget(to), cookieOf(id, isTls));
}

/** The account that a login and a password prove. */
async function proven(door: Door, login: string, text: string): Promise<Account | undefined> {
  const password = Secret.fromText(text);
  try {
    return accountIn(await asked(door, (directory) => directory.verify(login, password)));
  } finally {
    password.wipe();
  }
}

/** The role that an account has now: somebody may have taken it away since the login. */
export async function roleNow(door: Door, login: string): Promise<Role | undefined> {
  const { site } = door;
  const account = accountIn(await asked(door, (directory) => directory.find(login)));
  return account && !site.isSuspended(account.id) ? roleOf(account, site.policy) : undefined;
}

function accountIn(verification: Verification): Account | undefined {
  return verification.kind === 'account' ? verification.account : undefined;
}

/** Without an answer of the directory nobody is let in. */
async function asked(
  { site, complainOfDirectory }: Door,
  ask: (directory: Site['directory']) => Promise<Verification>,
): Promise<Verification> {
  try {
    return await ask(site.directory);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const { message } = error;
    complainOfDirectory(() => site.log(printable(`the directory cannot be asked: ${message}`)));
    throw new Refused(
      503,
      'The directory cannot be asked now, so nobody can log in. Try again in a moment.',
      {
        'retry-after': '10',
      },
    );
  }
}

interface Told {
  readonly by: string;
  readonly client: string;
  readonly refusal?: string;
}

/** A login is an event, and a line for whoever runs this process; neither has a password in it. */
async function tell({ site }: Door, { by, client, refusal }: Told): Promise<void> {
  const outcome = refusal === undefined ? 'logged in' : `login refused (${refusal})`;
  site.log(printable(`${outcome}: ${by.slice(0, 200)} from ${client}`));
  const { revision } = site;
  const now = new Date(site.now());
  const why = refusal === undefined ? {} : { refusal };
  await site.store.append([operatorEvent({ by, action: 'log in', client, revision, now, ...why })]);
}

function waitText(seconds: number): string {
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}
