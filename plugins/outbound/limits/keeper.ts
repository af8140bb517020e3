import { LRUCache } from 'lru-cache';
import type { CommandFacts, GateFacts, RcptFacts } from '../../core/haraka/facts.ts';
import { sharedStore } from '../../core/haraka/shared-store.ts';
import type { Plugin } from '../../core/haraka/types.ts';
import { limitsOf, type Limits } from '../../core/limits/limits.ts';
import {
  crossingsOf,
  givenBack,
  taken,
  useOf,
  windowKey,
  windowsOf,
  type Amount,
  type Crossing,
  type Use,
  type Window,
} from '../../core/limits/windows.ts';
import { messageOf } from '../../core/message-of.ts';
import { modeInForce } from '../../core/settings/mode.ts';
import type { Policy } from '../../core/settings/settings.ts';
import { StoreUnavailable, type Change, type Store, type Tally } from '../../core/store/store.ts';
import { pass, skip, type Verdict } from '../../core/verdict.ts';
import { crossingsOfOne, decideAmount, decideMessage, decideRecipient, decideSize } from './decide.ts';

/** Event of a soft limit that was crossed. */
const softLimit = { name: 'outbound/soft' } as const;

const hourMs = 3_600_000;

/** Crossings that were told of lately: refusals that give a message back would have it cross again and again. */
const mostTold = 10_000;

/** What is needed of a message to count it. */
export type Counted = Pick<
  GateFacts,
  'identity' | 'bytes' | 'recipients' | 'onceInSession' | 'whenEnded' | 'tell'
>;

type LookFacts = CommandFacts | RcptFacts;

/** Whose message it is, and by which limits. */
interface Sender {
  readonly id: string;
  readonly limits: Limits;
  readonly windows: readonly Window[];
  /** What was accepted from the session. */
  readonly session: { sent: number };
}

/** What was taken for a message, or why nothing was. */
interface Taking {
  readonly verdict: Verdict;
  readonly isTaken: boolean;
  /** Beginnings of the windows, in their order. */
  readonly since: readonly number[];
  readonly crossings: readonly Crossing[];
}

const nobody = skip('no identity, and no limit');

/** Counts what identities send, in the store that all processes of the machine share. */
export class LimitKeeper {
  readonly #plugin: Plugin;
  readonly #told = new LRUCache<string, true>({ max: mostTold });
  #store: Store | undefined;

  constructor(plugin: Plugin) {
    this.#plugin = plugin;
  }

  /** Counts in another data directory from the next message on. */
  use({ data_directory }: Policy): void {
    this.#store = sharedStore(this.#plugin, data_directory);
  }

  /** At MAIL. */
  async message(facts: CommandFacts, policy: Policy): Promise<Verdict> {
    const sender = senderOf(facts, policy);
    if (!sender) return nobody;
    const uses = await this.#look(facts, sender);
    const { sent } = sender.session;
    const { size } = facts;
    return decideMessage({ uses, sent, ...(size !== undefined && { size }) }, sender.limits, Date.now());
  }

  /** At RCPT, by what was found at MAIL: whoever else sends at the same time is seen when the message is counted. */
  async recipient(facts: RcptFacts, policy: Policy): Promise<Verdict> {
    const sender = senderOf(facts, policy);
    if (!sender) return nobody;
    const uses = await this.#look(facts, sender);
    return decideRecipient(uses, facts.count, sender.limits, Date.now());
  }

  /** Before it is queued: counts the message, exactly, or refuses it. */
  async count(facts: Counted, policy: Policy): Promise<Verdict> {
    const sender = senderOf(facts, policy);
    if (!sender) return nobody;
    const { bytes, recipients } = facts;
    const isEnforced = modeInForce(policy.limits.mode, policy) === 'enforce';
    const size = decideSize(bytes, sender.limits);
    if (size.kind !== 'pass' && isEnforced) return size;
    const amount = { messages: 1, recipients: recipients.length };
    const taking = await this.#take(sender, amount, isEnforced);
    if (!taking.isTaken) return taking.verdict;
    const { session } = sender;
    session.sent += 1;
    facts.whenEnded((end) => {
      if (end === 'not-queued') this.#giveBack(sender, amount, taking.since);
    });
    const own = crossingsOfOne({ recipients: recipients.length, bytes, sent: session.sent }, sender.limits);
    for (const crossing of [...taking.crossings, ...own]) this.#tell(facts, sender, crossing);
    return size.kind === 'pass' ? taking.verdict : size;
  }

  /** What is used, as it was when somebody asked first in this transaction. */
  #look({ once }: LookFacts, { id, windows }: Sender): Promise<readonly Use[]> {
    return once('outbound/limits', () => this.#used(id, windows));
  }

  async #used(id: string, windows: readonly Window[]): Promise<readonly Use[]> {
    if (windows.length === 0) return [];
    return this.#open().update(keysOf(id, windows), (found) => ({
      result: windows.map((window, at) => useOf(window, found[at], Date.now())),
    }));
  }

  async #take({ id, limits, windows }: Sender, amount: Amount, isEnforced: boolean): Promise<Taking> {
    if (windows.length === 0) return { verdict: pass, isTaken: true, since: [], crossings: [] };
    const take = (found: readonly Tally[]): Change<Taking> => {
      const now = Date.now();
      const uses = windows.map((window, at) => useOf(window, found[at], now));
      const verdict = decideAmount(uses, amount, limits, now);
      if (verdict.kind !== 'pass' && isEnforced) {
        return { result: { verdict, isTaken: false, since: [], crossings: [] } };
      }
      const write = uses.map((use) => taken(use, amount, now));
      const since = write.map(({ marked }) => marked);
      const crossings = crossingsOf(uses, amount, limits, now);
      return { write, result: { verdict, isTaken: true, since, crossings } };
    };
    return this.#open().update(keysOf(id, windows), take, 'writes');
  }

  /** What could not be queued counts for nothing: a retry must not use up what its sender has. */
  #giveBack({ id, windows, session }: Sender, amount: Amount, since: readonly number[]): void {
    session.sent -= 1;
    if (windows.length === 0) return;
    const giveBack = this.#open().update(keysOf(id, windows), (found) => {
      const now = Date.now();
      const write = windows.map((window, at) =>
        givenBack(useOf(window, found[at], now), amount, since[at] ?? 0, now),
      );
      return write.some(Boolean) ? { write, result: undefined } : { result: undefined };
    });
    giveBack.catch((error: unknown) => {
      this.#plugin.logerror(`limits: a message that was not queued stays counted: ${messageOf(error)}`);
    });
  }

  #tell(facts: Counted, { id }: Sender, { key, most, reached, since }: Crossing): void {
    const name = `${key} ${since ?? Math.floor(Date.now() / hourMs)} ${id}`;
    if (this.#told.has(name)) return;
    this.#told.set(name, true);
    facts.tell(softLimit.name, `${key}: ${reached}, with a limit of ${most}`);
  }

  #open(): Store {
    if (!this.#store) throw new StoreUnavailable('no data directory is in use yet');
    return this.#store;
  }
}

function keysOf(id: string, windows: readonly Window[]) {
  return windows.map((window) => windowKey(id, window));
}

function senderOf(
  { identity, onceInSession }: LookFacts | Counted,
  { limits: defaults }: Policy,
): Sender | undefined {
  if (!identity) return undefined;
  const { id } = identity;
  const limits = limitsOf(defaults, identity.limits);
  const session = onceInSession(`outbound/limits ${id}`, () => ({ sent: 0 }));
  return { id, limits, windows: windowsOf(limits), session };
}
