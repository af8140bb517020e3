import { isIP } from 'node:net';
import type { GatekeeperEvent } from '../core/events/event.ts';
import type { Attempt, Ending } from '../core/haraka/patches/delivery-outcomes.ts';
import type { Tried } from '../core/haraka/types.ts';
import { someRecipients } from '../core/recipients.ts';

/** What an event tells of one outcome. */
export type Result = Pick<GatekeeperEvent, 'outcome' | 'recipients'> & Partial<GatekeeperEvent>;

/** Who answers more is cut short. */
const longestAnswer = 1000;

/** Of servers that could not be reached, so many are told. */
const mostFaults = 5;

/** Reads what Haraka says of the end of a try: one result for recipients with the same answer, of as many as an event may name. */
export function resultsOf(ending: Ending, now: Date): Result[] {
  const { outcome, again, attempts } = ending;
  const last = attempts.at(-1);
  const next = again === undefined ? undefined : new Date(now.getTime() + again * 1000);
  return groups(ending).flatMap(({ recipients, said }) =>
    inParts(recipients).map((part) => ({
      outcome,
      recipients: [...part],
      ...saidFields(said, ending),
      ...(last && remoteFields(last)),
      ...(next && { again: next.toISOString() }),
    })),
  );
}

/** How many tries there were, of which Haraka counts those that it will repeat as failures before it tells of them. */
export function triesOf(ending: Ending, failures: number): number {
  const { outcome } = ending;
  const isCounted = outcome === 'deferred' || outcome === 'dropped' || tooOften(ending) !== undefined;
  return isCounted ? failures : failures + 1;
}

interface Group {
  readonly recipients: readonly string[];
  readonly said: Said;
}

/** What was said to a recipient: by the server, or by Haraka. */
interface Said {
  readonly answer?: string;
  readonly detail?: string;
}

function groups(ending: Ending): Group[] {
  const { recipients, isByRecipient } = ending;
  if (!isByRecipient) return [{ recipients: recipients.map(textOf), said: saidBy(ending) }];
  const byReason = new Map<string, Tried[]>();
  for (const each of recipients) {
    const { reason = '' } = each;
    const same = byReason.get(reason);
    if (same) same.push(each);
    else byReason.set(reason, [each]);
  }
  return [...byReason].map(([reason, those]) => ({
    recipients: those.map(textOf),
    said: reason === '' ? saidBy(ending) : { answer: reason, ...detailOf([tooOften(ending)]) },
  }));
}

/** Haraka puts its own words around the reply. */
const tooManyFailures = /^Too many failures \((.*)\)$/s;
const reply = /^(?:Upstream error: )?([345]\d\d[ -].*)$/s;
const noReply = /^Unrecognized response from upstream server: (.*)$/s;

function saidBy(ending: Ending): Said {
  const { outcome, words, attempts } = ending;
  if (outcome === 'delivered') return { answer: `${attempts.at(-1)?.head ?? ''}${words}` };
  const [, inner = words] = tooManyFailures.exec(words) ?? [];
  const [, answer] = reply.exec(inner) ?? [];
  if (answer !== undefined) return { answer, ...detailOf([tooOften(ending)]) };
  const [, unreadable] = noReply.exec(inner) ?? [];
  if (unreadable !== undefined) return { answer: unreadable, ...detailOf(['that is no SMTP reply']) };
  const faults = inner === nobodyLeft ? whyNobody(attempts) : faultsOf(attempts);
  return detailOf([tooOften(ending), [inner, ...faults].join('; ')]);
}

/** What Haraka says when there is no server left to try. */
const nobodyLeft = 'Tried all MXs';

/** Why no server could be reached at this try; `undefined` where one has answered. */
export function unreached({ words, attempts }: Ending): string | undefined {
  return words === nobodyLeft ? whyNobody(attempts).join('; ') : undefined;
}

/** Haraka leaves out servers whose names the DNS does not know. */
function whyNobody(attempts: readonly Attempt[]): string[] {
  return attempts.length === 0 ? ['no address of a server was found'] : faultsOf(attempts);
}

function tooOften({ words }: Ending): string | undefined {
  return tooManyFailures.test(words) ? 'tried too often' : undefined;
}

function detailOf(parts: readonly (string | undefined)[]): { detail?: string } {
  const detail = parts.filter((part) => part !== undefined).join(': ');
  return detail === '' ? {} : { detail };
}

function faultsOf(attempts: readonly Attempt[]): string[] {
  return attempts
    .filter(({ fault }) => fault !== undefined)
    .slice(-mostFaults)
    .map(({ mx, fault = '' }) => `${mx.from_dns ?? mx.exchange ?? '?'}: ${cut(fault, 200)}`);
}

const untoldWords = {
  'by a plugin': 'another plugin keeps that from the sender',
  'null sender': 'nobody is told: the sender is the null one',
} as const;

function saidFields({ answer, detail }: Said, { outcome, untold }: Ending): Partial<GatekeeperEvent> {
  const parts = [
    detail,
    outcome === 'dropped' ? 'another plugin took it out of the queue' : undefined,
    untold && untoldWords[untold],
  ];
  const whole = parts.filter((part) => part !== undefined).join('; ');
  return {
    ...(answer !== undefined && { answer: cut(answer, longestAnswer) }),
    ...(whole !== '' && { detail: cut(whole, longestAnswer) }),
  };
}

/** The name that the DNS has for a server, where it is tried by address. */
function remoteFields({ mx, port, address, tls }: Attempt): Partial<GatekeeperEvent> {
  const { exchange = '', from_dns: known = exchange } = mx;
  const reached = address ?? (isIP(exchange) > 0 ? exchange : undefined);
  return {
    ...(known !== '' && isIP(known) === 0 && { remote: cut(known, 255) }),
    ...(reached !== undefined && { remote_address: reached }),
    ...(port !== undefined && { remote_port: port }),
    ...(tls && { remote_tls: `${tls.version} ${tls.cipher}`, remote_verified: tls.isVerified }),
  };
}

function inParts(all: readonly string[]): (readonly string[])[] {
  const parts: (readonly string[])[] = [];
  for (let rest = all; rest.length > 0;) {
    const part = someRecipients(rest);
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return parts;
}

function textOf(address: { format(): string }): string {
  return address.format().slice(1, -1);
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
