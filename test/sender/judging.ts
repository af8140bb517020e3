import type { MessageFacts } from '../../plugins/core/haraka/facts/message.ts';
import type { Identity } from '../../plugins/core/identity.ts';
import { parseMailbox } from '../../plugins/core/mailbox.ts';
import { nothingDelegated } from '../../plugins/core/rights.ts';
import type { Mode } from '../../plugins/core/words.ts';
import type { Policy } from '../../plugins/core/settings/settings.ts';
import type { Verdict } from '../../plugins/core/verdict.ts';
import { decideEnvelope } from '../../plugins/sender/envelope.ts';
import { decideForward, forwardMode } from '../../plugins/sender/forward.ts';
import {
  foldedAuthor,
  foreignDisplay,
  hiddenCharacters,
  judgedBy,
  lookalikeDomain,
  protectedName,
  unannouncedUtf8,
} from '../../plugins/sender/hardening.ts';
import { decideHeader } from '../../plugins/sender/header.ts';
import { mailbox } from '../support/mailbox.ts';

/** An account that owns these addresses. */
export function identityOf(addresses: readonly string[], more: Partial<Identity> = {}): Identity {
  const [name = ''] = addresses;
  return {
    ...nothingDelegated,
    ...{ proof: 'account', name, id: `uid=${name}`, addresses: addresses.map(mailbox), forwards: 'off' },
    ...more,
  };
}

export interface Submitted {
  readonly identity: Identity;
  readonly from: string;
  /** UTF-8, each ending in LF. */
  readonly headerLines: readonly string[];
  readonly isSmtpUtf8?: boolean;
  readonly signed?: readonly string[];
}

/** The facts of a message of somebody who has logged in. */
export function submitted({ identity, from, headerLines, ...more }: Submitted): MessageFacts {
  const parsed = parseMailbox(from);
  const made = new Map<string, unknown>();
  return {
    client: { address: '192.0.2.1' },
    listener: { port: 587, role: 'submission' },
    helo: 'client.example',
    identity,
    sender: { text: from, isNull: from === '', ...(parsed && { mailbox: parsed }) },
    once: <T>(name: string, make: () => T): T => {
      if (!made.has(name)) made.set(name, make());
      return made.get(name) as T;
    },
    receiver: 'gw.corp.example',
    publish: () => undefined,
    headerLines,
    isHeaderWhole: true,
    isSmtpUtf8: more.isSmtpUtf8 ?? false,
    ...{ recipients: [], provisional: 0, proveTenant: () => undefined, certificate: () => undefined },
    dkim: { good: more.signed ?? [], unknown: [] },
  };
}

type Decide = (facts: MessageFacts, policy: Policy) => Verdict;

const checks: readonly [string, Decide, (policy: Policy, identity: Identity | undefined) => Mode][] = [
  ['sender/envelope', decideEnvelope, ({ sender }) => sender.mode],
  ['sender/header', decideHeader, ({ sender }) => sender.mode],
  [
    'sender/forward',
    (facts, policy) => (facts.identity?.forwards === 'off' ? { kind: 'pass' } : decideForward(facts, policy)),
    forwardMode,
  ],
  ['sender/display', judgedBy(foreignDisplay), ({ sender }) => sender.foreign_display],
  ['sender/name', judgedBy(protectedName), ({ sender }) => sender.mode],
  ['sender/lookalike', judgedBy(lookalikeDomain), ({ sender }) => sender.lookalike_domains],
  ['sender/utf8', judgedBy(unannouncedUtf8), ({ sender }) => sender.unannounced_utf8],
  ['sender/hidden', judgedBy(hiddenCharacters), ({ sender }) => sender.hidden_characters],
  ['sender/folded', judgedBy(foldedAuthor), ({ sender }) => sender.folded_author],
];

export interface Judgement {
  /** The first check that refuses or defers, with what it says. */
  readonly refused?: string;
  /** Those that would refuse if they were enforced. */
  readonly would: readonly string[];
}

/** What all checks of senders together come to, each in its mode. */
export function judge(facts: MessageFacts, policy: Policy): Judgement {
  const would: string[] = [];
  for (const [name, decide, modeOf] of checks) {
    const mode = modeOf(policy, facts.identity);
    const verdict = mode === 'off' ? undefined : decide(facts, policy);
    if (verdict?.kind !== 'refuse' && verdict?.kind !== 'defer') continue;
    const said = verdict.kind === 'refuse' ? `${verdict.reason}: ${verdict.detail ?? ''}` : verdict.because;
    if (mode === 'enforce') return { refused: `${name} ${said}`, would };
    would.push(name);
  }
  return { would };
}
