import { LRUCache } from 'lru-cache';
import type { CommandFacts, RcptFacts } from '../../core/haraka/facts/envelope.ts';
import type { GateFacts } from '../../core/haraka/facts/gate.ts';
import { sharedStore } from '../../core/haraka/shared-store.ts';
import type { Suspicion } from '../../core/haraka/suspicion.ts';
import type { Plugin } from '../../core/haraka/types.ts';
import type { Identity } from '../../core/identity.ts';
import {
  useOf,
  windowKey,
  type Amount,
  type Crossing,
  type Span,
  type Use,
} from '../../core/limits/windows.ts';
import { messageOf } from '../../core/message-of.ts';
import { modeInForce } from '../../core/settings/mode.ts';
import type { Policy } from '../../core/settings/settings.ts';
import { StoreUnavailable, type CircleKey, type Store } from '../../core/store/store.ts';
import { circleKey } from '../../core/suspension/acquaintances.ts';
import { isWatched, watchOf } from '../../core/suspension/signs.ts';
import { pass, skip, type Verdict } from '../../core/verdict.ts';
import { crossingsOfOne, decideMessage, decideRecipient, decideSize } from './decide.ts';
import { senderOf, type Sender } from './sender.ts';
import { countIn, spansOf, takeBack, type Taken, type Tallied, type Terms } from './tally.ts';

/** Event of a soft limit that was crossed. */
const softLimit = { name: 'outbound/soft' } as const;

const hourMs = 3_600_000;

/** Crossings that were told of lately: refusals that give a message back would have it cross again and again. */
const mostTold = 10_000;

/** What is needed of a message to count it. */
type Countable = Pick<
  GateFacts,
  'identity' | 'bytes' | 'recipients' | 'revision' | 'once' | 'onceInSession' | 'whenEnded' | 'tell'
>;

const nobody = skip('no identity, and no limit');

/** What the count of a message says. */
interface Counted extends Pick<Tallied, 'verdict' | 'crossings'> {
  /** It makes its sender look taken over, and is not to be accepted. */
  readonly isStopped: boolean;
}

/** Counts what identities send, in the store that all processes of the machine share. */
export class Counter {
  readonly #plugin: Plugin;
  readonly #suspicion: Suspicion;
  readonly #told = new LRUCache<string, true>({ max: mostTold });
  #store: Store | undefined;

  constructor(plugin: Plugin, suspicion: Suspicion) {
    this.#plugin = plugin;
    this.#suspicion = suspicion;
  }

  /** Counts in another data directory from the next message on. */
  use({ data_directory }: Policy): void {
    this.#store = sharedStore(this.#plugin, data_directory);
  }

  /** What limits say at MAIL. */
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

  /** Before it is queued: what limits say of the message, which is counted, exactly. */
  async limits(facts: Countable, policy: Policy): Promise<Verdict> {
    const sender = senderOf(facts, policy);
    if (!sender) return nobody;
    const { verdict, crossings } = await this.#counted(facts, policy, sender);
    for (const crossing of crossings) this.#tell(facts, sender, crossing);
    return verdict;
  }

  /** Before it is queued: whether the message shows that its sender is taken over, and must not leave. */
  async isStopped(facts: Countable, policy: Policy): Promise<boolean> {
    const sender = senderOf(facts, policy);
    return sender !== undefined && (await this.#counted(facts, policy, sender)).isStopped;
  }

  /** What is used, as it was when somebody asked first in this transaction. */
  #look({ once }: Pick<GateFacts, 'once'>, { id, windows }: Sender): Promise<readonly Use[]> {
    return once('outbound/limits', async () => {
      if (windows.length === 0) return [];
      return this.#open().update(keysOf(id, windows), (found) => ({
        result: windows.map((window, at) => useOf(window, found[at], Date.now())),
      }));
    });
  }

  /** Once for a message, whoever asks: all that is counted of it is one step of the store. */
  #counted(facts: Countable, policy: Policy, sender: Sender): Promise<Counted> {
    return facts.once('outbound/counted', () => this.#count(facts, policy, sender));
  }

  async #count(facts: Countable, policy: Policy, sender: Sender): Promise<Counted> {
    const { bytes, recipients, identity, revision } = facts;
    const terms = termsOf(sender, identity, policy);
    const alone = verdictAlone(facts, sender);
    if (alone.kind !== 'pass' && terms.isEnforced) return { verdict: alone, crossings: [], isStopped: false };
    const amount = { messages: 1, recipients: recipients.length };
    const circle = terms.watch?.learning && circleOf(sender, recipients);
    const { verdict, signs, crossings, taken } = await this.#take(sender, amount, terms, circle);
    // The first is what suspends; the others are news where nothing does.
    for (const sign of signs) if (identity) await this.#suspicion.sends(identity, sign, { policy, revision });
    if (!taken) return { verdict, crossings, isStopped: signs.length > 0 };
    const { session, limits } = sender;
    session.sent += 1;
    facts.whenEnded((end) => {
      if (end === 'not-queued') this.#giveBack(sender, taken, circle);
    });
    const own = crossingsOfOne({ recipients: recipients.length, bytes, sent: session.sent }, limits);
    return {
      ...{ verdict: alone.kind === 'pass' ? verdict : alone, crossings: [...crossings, ...own] },
      isStopped: false,
    };
  }

  async #take({ id }: Sender, amount: Amount, terms: Terms, asked?: CircleKey): Promise<Tallied> {
    const spans = spansOf(terms);
    if (spans.length === 0) return { verdict: pass, signs: [], crossings: [], taken: { of: [], met: [] } };
    return this.#open().update(
      keysOf(id, spans),
      (found, circle) => countIn({ found, circle }, amount, terms, Date.now()),
      'writes',
      asked,
    );
  }

  /** What could not be queued counts for nothing: a retry must not use up what its sender has. */
  #giveBack({ id, session }: Sender, taken: Taken, asked?: CircleKey): void {
    session.sent -= 1;
    const spans = taken.of.map(({ span }) => span);
    if (spans.length === 0) return;
    const giveBack = this.#open().update(
      keysOf(id, spans),
      (found, circle) => takeBack({ found, circle }, taken, Date.now()),
      'reads',
      asked,
    );
    giveBack.catch((error: unknown) => {
      this.#plugin.logerror(`limits: a message that was not queued stays counted: ${messageOf(error)}`);
    });
  }

  #tell(facts: Countable, { id }: Sender, { key, most, reached, since }: Crossing): void {
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

/** Of a message by itself: its size, and what was asked at MAIL and RCPT unless its sender is known only since DATA. */
function verdictAlone(
  { bytes, recipients, identity }: Pick<Countable, 'bytes' | 'recipients' | 'identity'>,
  { limits, session: { sent } }: Sender,
): Verdict {
  if (identity?.proof !== 'tenant') return decideSize(bytes, limits);
  const now = Date.now();
  const message = decideMessage({ uses: [], sent, size: bytes }, limits, now);
  return message.kind === 'pass' ? decideRecipient([], recipients.length, limits, now) : message;
}

function circleOf({ id }: Sender, recipients: Countable['recipients']): CircleKey {
  return circleKey(
    id,
    recipients.map(({ text }) => text),
  );
}

function keysOf(id: string, spans: readonly Span[]) {
  return spans.map((span) => windowKey(id, span));
}

function termsOf({ limits, windows }: Sender, identity: Identity | undefined, policy: Policy): Terms {
  const mode = modeInForce(policy.limits.mode, policy);
  const isSeen = identity !== undefined && isWatched(identity, policy.suspension);
  return {
    limits,
    windows: mode === 'off' ? [] : windows,
    isEnforced: mode === 'enforce',
    watch: isSeen ? watchOf(policy) : undefined,
  };
}
