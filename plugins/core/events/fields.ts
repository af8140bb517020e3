import type { GatekeeperEvent } from './event.ts';

/** Whether somebody was refused or put off, or would have been. */
export function isAdverse({ verdict }: Pick<GatekeeperEvent, 'verdict'>): boolean {
  return verdict === 'refuse' || verdict === 'defer';
}

/** Of an envelope address, in small letters; empty for the null reverse-path. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

/** How many recipients an event is about, those that it does not name included. */
export function recipientsIn({ recipients, recipients_omitted: omitted = 0 }: GatekeeperEvent): number {
  return (recipients?.length ?? 0) + omitted;
}

/** What an adverse event did. */
export function effectOf({ verdict, would_refuse: isWithheld }: GatekeeperEvent): string {
  if (isWithheld) return 'withheld';
  return verdict === 'defer' ? 'deferred' : 'refused';
}

/** Whether it is about a message that a client brings, and not about one that leaves. */
export function isOfMessage({ sender, kind }: GatekeeperEvent): boolean {
  return sender !== undefined && kind !== 'delivery';
}

/** What became of recipients, in a word that is not also that of a message. */
export function endingOf(outcome: string): string {
  return outcome === 'deferred' ? 'retried' : outcome;
}

/** The version of TLS that a client had; `clear` for none. */
export function tlsVersionOf({ tls = 'clear' }: GatekeeperEvent): string {
  const at = tls.indexOf(' ');
  return at === -1 ? tls : tls.slice(0, at);
}
