import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import addressparser from 'nodemailer/lib/addressparser';
import type { MessageFacts } from '../../plugins/core/haraka/facts/message.ts';
import type { Identity } from '../../plugins/core/identity.ts';
import type { Verdict } from '../../plugins/core/verdict.ts';
import type { Policy } from '../../plugins/core/settings/settings.ts';
import { header, headerLines } from './message-header.ts';

/** Reads the header of the benchmark once; what it gives says who wrote the message. */
export type MessageContestant = () => Promise<string> | string;

type Start = () => Promise<MessageContestant> | MessageContestant;

/** Each is started in a process of its own. */
export const messageContestants = {
  gatekeeper: { title: 'Gatekeeper: read and judged by all checks', start: gatekeeper },
  nodemailer: { title: 'nodemailer: the addresses', start: nodemailer },
  mailparser: { title: 'mailparser: the header', start: mailparser },
} as const satisfies Record<string, { readonly title: string; readonly start: Start }>;

export type MessageContestantName = keyof typeof messageContestants;

/** Who wrote the message, which everybody must find. */
export const author = 'alice@corp.example';

type Decide = (facts: MessageFacts, policy: Policy) => Verdict;
type Module<Path> = Path;

/** What is published is measured, not what tsx makes of the sources. */
async function published<T>(path: string): Promise<T> {
  return (await import(join(import.meta.dirname, '../../dist', path))) as T;
}

type SettingsFile = Module<typeof import('../../plugins/core/settings/file.ts')>;
type Mailboxes = Module<typeof import('../../plugins/core/mailbox.ts')>;
type Rights = Module<typeof import('../../plugins/core/rights.ts')>;
type HeaderCheck = Module<typeof import('../../plugins/sender/header.ts')>;
type Hardening = Module<typeof import('../../plugins/sender/hardening.ts')>;

async function gatekeeper(): Promise<MessageContestant> {
  const { parseSettings } = await published<SettingsFile>('core/settings/file.js');
  const { nothingDelegated } = await published<Rights>('core/rights.js');
  const { policy } = parseSettings(JSON.stringify(settings), 'benchmark');
  const decisions = await decisionsOf();
  const addresses = await mailboxes([author, 'team@corp.example']);
  const own = { proof: 'account', name: author, id: author, forwards: 'off', addresses } as const;
  const identity: Identity = { ...nothingDelegated, ...own };
  const lines = headerLines.map((line) => `${line}\n`);
  return () => {
    const facts = factsOf(identity, lines);
    for (const decide of decisions) {
      const { kind } = decide(facts, policy);
      if (kind !== 'pass') throw new Error(`a check gave ${kind}`);
    }
    return author;
  };
}

/** Every check of headers has something to do. */
const settings = {
  protected_domains: ['corp.example', 'other.example'],
  directory: { urls: ['ldaps://x'], bind_dn: 'x', base: 'x' },
  sender: { protected_names: [{ name: 'Carol Chief', addresses: ['carol@corp.example'] }] },
};

async function decisionsOf(): Promise<readonly Decide[]> {
  const { decideHeader } = await published<HeaderCheck>('sender/header.js');
  const rules = await published<Hardening>('sender/hardening.js');
  const { foreignDisplay, protectedName, lookalikeDomain, unannouncedUtf8, hiddenCharacters, foldedAuthor } =
    rules;
  const hardening = [
    foreignDisplay,
    protectedName,
    lookalikeDomain,
    unannouncedUtf8,
    hiddenCharacters,
    foldedAuthor,
  ];
  return [decideHeader, ...hardening.map(rules.judgedBy)];
}

async function mailboxes(texts: readonly string[]): Promise<Identity['addresses']> {
  const { parseMailbox } = await published<Mailboxes>('core/mailbox.js');
  return texts.flatMap((text) => parseMailbox(text) ?? []);
}

function factsOf(identity: Identity, lines: readonly string[]): MessageFacts {
  const made = new Map<string, unknown>();
  const [mailbox] = identity.addresses;
  return {
    client: { address: '192.0.2.1' },
    listener: { port: 587, role: 'submission' },
    helo: 'client.example',
    identity,
    sender: { text: author, isNull: false, ...(mailbox && { mailbox }) },
    once: <T>(name: string, make: () => T): T => {
      if (!made.has(name)) made.set(name, make());
      return made.get(name) as T;
    },
    receiver: 'gw.corp.example',
    publish: () => undefined,
    headerLines: lines,
    isHeaderWhole: true,
    isSmtpUtf8: false,
    ...{ recipients: [], provisional: 0, proveTenant: () => undefined, certificate: () => undefined },
    dkim: { good: [], unknown: [] },
  };
}

const addressFields = /^(?:from|sender|reply-to|to|cc):([^\n]*(?:\n[ \t][^\n]*)*)/gim;

function nodemailer(): MessageContestant {
  return () => {
    const text = header.toString('utf8').replaceAll('\r\n', '\n');
    const read = [...text.matchAll(addressFields)].map(([, value = '']) =>
      addressparser(value.replaceAll('\n', '')),
    );
    return read[0]?.map(({ address }) => address).join() ?? '';
  };
}

function mailparser(): MessageContestant {
  return async () => (await simpleParser(header)).from?.value.map(({ address }) => address).join() ?? '';
}
