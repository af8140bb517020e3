import { completed, type EventDraft, type GatekeeperEvent } from '../../plugins/core/events/event.ts';

const decided = {
  v: 1,
  node: 'gw1',
  verdict: 'pass',
  mode: 'enforce',
  revision: '20f89f7da757',
  latency_ms: 1,
} as const;

let last = 0;

/** An event as a gateway makes it. */
function event(at: number, check: string, more: Partial<EventDraft>): GatekeeperEvent {
  last += 1;
  const id = `${String(last).padStart(8, '0')}-0000-4000-8000-000000000000`;
  const time = new Date(at).toISOString();
  return completed({ ...decided, time, reference: `${id}.1 ${check}`, connection: id, check, ...more });
}

const submission = { port: 587, role: 'submission', tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384' } as const;

/** A login that was let in, under the name of the account or another that it goes by. */
export function loggedIn(at: number, account: string, client: string, login = account): GatekeeperEvent {
  const whose = { identity: account, identity_id: `uid=${account}`, login };
  return event(at, 'auth/login', { ...submission, ...whose, client });
}

/** A login that failed; of SCRAM no password is known. */
export function failed(at: number, login: string, client: string, password?: string): GatekeeperEvent {
  return event(at, 'auth/login', {
    ...submission,
    ...{ login, client, verdict: 'refuse', reason: 'bad-credentials', detail: 'wrong-password' },
    reply: '535 5.7.8 Authentication credentials invalid',
    mechanism: password === undefined ? 'SCRAM-SHA-256' : 'PLAIN',
    ...(password !== undefined && { wrong_password: tagOf(password) }),
  });
}

/** Twelve bits of a password, as a keyed hash has them (FNV-1a will do here). */
function tagOf(password: string): string {
  let hash = 2_166_136_261;
  for (const character of password) hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619);
  return ((hash ^ (hash >>> 12) ^ (hash >>> 24)) & 0xfff).toString(16).padStart(3, '0');
}

/** A message that was accepted, and where its recipients went. */
export function sent(
  at: number,
  account: string,
  client: string,
  { recipients = 1, bounced = 0, bytes = 20_000 } = {},
): GatekeeperEvent[] {
  const to = Array.from({ length: recipients }, (_, index) => `r${index}@partner.example`);
  const whose = { identity: account, identity_id: `uid=${account}`, sender: account };
  const left = (outcome: 'delivered' | 'bounced', theirs: readonly string[]) =>
    theirs.length === 0
      ? []
      : [event(at + 2000, 'outbound/delivery', { ...whose, outcome, recipients: [...theirs] })];
  return [
    event(at, 'outbound/queue', { ...submission, ...whose, client, accepted: true, recipients: to, bytes }),
    ...left('bounced', to.slice(0, bounced)),
    ...left('delivered', to.slice(bounced)),
  ];
}

/** Mail that claims a domain which nothing proves. */
export function claimed(at: number, sender: string, client: string, isWithheld = false): GatekeeperEvent {
  const domain = sender.slice(sender.lastIndexOf('@') + 1);
  return event(at, 'sender/impersonation', {
    ...{ port: 25, role: 'mx', client, sender, verdict: 'refuse', reason: 'spf-fail' },
    detail: `${sender}: SPF fail of ${domain} (-all)`,
    ...(isWithheld ? { mode: 'observe', would_refuse: true } : { reply: '550 5.7.23 SPF' }),
  });
}

/** Mail of a partner, which its entry excused. */
export function excused(at: number, sender: string, client: string, partner: string): GatekeeperEvent {
  const detail = `partner ${partner}: ${sender}: SPF fail of ${sender.slice(sender.lastIndexOf('@') + 1)} (-all)`;
  return event(at, 'sender/impersonation', { port: 25, role: 'mx', client, sender, verdict: 'skip', detail });
}

/** What was refused of how a client is set up. */
export function refused(
  at: number,
  check: string,
  reason: string,
  more: Partial<EventDraft>,
): GatekeeperEvent {
  return event(at, check, {
    port: 587,
    role: 'submission',
    verdict: 'refuse',
    reason,
    reply: '530',
    ...more,
  });
}
