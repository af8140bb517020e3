import type { EventDraft } from '../../plugins/core/events/event.ts';
import { dayMs } from '../../plugins/core/events/tallies.ts';

/** How long the population sends mail, and how many accounts it has. */
export const days = 30;
const accounts = 2000;

/** Who looks for accounts from outside: so many networks, of which some come again. */
const strangers = 3000;

const tls = 'TLSv1.3 TLS_AES_256_GCM_SHA384';

type Fields = Partial<EventDraft>;

/** What a mail server of a company sees: its people at their desks and elsewhere, mail from outside, and who has no business there. */
export class Population {
  readonly #random: () => number;
  readonly #begin: number;
  readonly #spanOfEach: number;
  #sessions = 0;

  /** Sessions of `days` up to a time; the same ones whenever the seed is the same. */
  constructor(sessions: number, until: number, seed = 1) {
    this.#random = randomFrom(seed);
    this.#begin = until - days * dayMs;
    this.#spanOfEach = (days * dayMs) / sessions;
  }

  /** All events of the next session, and of what its message comes to. */
  next(): EventDraft[] {
    this.#sessions += 1;
    const at = this.#begin + this.#sessions * this.#spanOfEach;
    const kind = this.#random();
    if (kind < 0.28) return this.#submission(at);
    if (kind < 0.44) return this.#fromOutside(at);
    if (kind < 0.8) return this.#guess(at);
    return this.#refused(at);
  }

  #submission(at: number): EventDraft[] {
    const session = new Session(this.#uuid(), at, this.#sender());
    const number = Math.floor(this.#random() * this.#random() * 500);
    const domain = `example${number}.example`;
    const recipients = this.#pick([1, 1, 1, 2, 3, 8]);
    const sent = { recipients: names(recipients, domain, this.#random), message_id: this.#messageId() };
    const proof = { proof: 'account', queue_id: `${session.id}.1`, ...sent };
    session.add('auth/login', { login: session.identity, mechanism: 'PLAIN' });
    for (const check of ['sender/envelope', 'sender/header', 'sender/author']) session.add(check);
    session.add('outbound/accept', { ...proof, accepted: true, bytes: this.#bytes() });
    const first = this.#random() < 0.1;
    if (first) session.leave(domain, { ...sent, outcome: 'deferred', answer: '450 4.2.0 Greylisted' });
    const bounced = this.#random() < 0.02;
    const end = bounced ? 'bounced' : 'delivered';
    session.leave(domain, {
      ...sent,
      outcome: end,
      answer: bounced ? '550 5.1.1 No such user' : '250 2.0.0 Ok',
    });
    return session.end({ session_seconds: 1.25 });
  }

  #fromOutside(at: number): EventDraft[] {
    const number = Math.floor(this.#random() * this.#random() * 2000);
    const domain = `sender${number}.example`;
    const session = new Session(this.#uuid(), at, {
      ...{
        client: `203.0.${number % 100}.${(number >> 3) % 250}`,
        port: 25,
        role: 'mx',
        helo: `mx.${domain}`,
        tls,
      },
      sender: `user${number}@${domain}`,
    });
    const recipient = this.#account();
    const sent = { recipients: [`user${recipient}@corp.example`], message_id: this.#messageId() };
    session.add('sender/spf');
    session.add('sender/impersonation', { verdict: 'skip', detail: 'no protected domain' });
    session.add('outbound/accept', {
      ...{ accepted: true, proof: 'inbound', queue_id: `${session.id}.1`, bytes: this.#bytes() },
      ...sent,
    });
    session.leave('corp.example', { ...sent, outcome: 'delivered', answer: '250 2.0.0 Ok' });
    return session.end({ session_seconds: 2.5 });
  }

  /** Somebody who tries passwords, or an owner who mistypes one. */
  #guess(at: number): EventDraft[] {
    const isOwner = this.#random() < 0.2;
    const stranger = Math.floor(this.#random() * this.#random() * strangers);
    const place = isOwner
      ? this.#sender()
      : { client: strangeAddress(stranger), port: 587, role: 'submission' as const, helo: 'localhost', tls };
    const { identity: _, identity_id: __, sender: ___, ...connected } = place;
    const session = new Session(this.#uuid(), at, connected);
    const login = `user${isOwner ? this.#account() : Math.floor(this.#random() * 5000)}@corp.example`;
    const tag = Math.floor(this.#random() * 4096).toString(16);
    session.add('auth/login', {
      ...{ verdict: 'refuse', reason: 'bad-credentials', login, mechanism: 'PLAIN', wrong_password: tag },
      reply: `535 5.7.8 Authentication credentials invalid (${session.id} auth/login)`,
    });
    return session.end({ reason: 'no-mail', session_seconds: 3 });
  }

  /** What the policies are for: addresses that are not one's own, forged senders, open relays. */
  #refused(at: number): EventDraft[] {
    const kind = this.#random();
    const stranger = Math.floor(this.#random() * this.#random() * strangers);
    const outside = {
      client: strangeAddress(stranger),
      port: 25,
      role: 'mx' as const,
      helo: `host${stranger}.example`,
    };
    const place =
      kind < 0.3 ? this.#sender() : { ...outside, sender: `info@forged${stranger % 700}.example` };
    const session = new Session(this.#uuid(), at, place);
    const [check, reason, reply] =
      kind < 0.3
        ? (['sender/header', 'header-not-owned', '550 5.7.1'] as const)
        : kind < 0.8
          ? (['sender/spf', 'spf-fail', '550 5.7.23'] as const)
          : (['outbound/relay', 'relay-denied', '550 5.7.1'] as const);
    session.add(check, {
      ...{ verdict: 'refuse', reason, detail: `other@corp.example: ${reason}` },
      reply: `${reply} This is not yours to do (${session.id}.1 ${check})`,
      ...(kind > 0.7 && kind < 0.8 && { mode: 'observe', would_refuse: true as const }),
    });
    return session.end({ session_seconds: 1 });
  }

  /** Most mail is of few; each has an office, a home, and a telephone that moves. */
  #sender(): Fields {
    const account = this.#account();
    const place = this.#random();
    const office = `192.0.${account % 8}.${account % 250}`;
    const home = `198.${18 + (account % 2)}.${(account >> 1) % 250}.7`;
    const mobile = `100.${64 + Math.floor(this.#random() * 16)}.9.${account % 250}`;
    const name = `user${account}@corp.example`;
    return {
      ...{ client: place < 0.6 ? office : place < 0.92 ? home : mobile, port: 587, role: 'submission' },
      ...{ helo: `[192.168.1.${account % 250}]`, tls, sender: name },
      ...{ identity: name, identity_id: `uid=user${account},ou=people,dc=corp,dc=example` },
    };
  }

  #account(): number {
    return Math.floor(accounts * this.#random() ** 2);
  }

  #bytes(): number {
    return Math.floor(2000 + 200_000 * this.#random() ** 4);
  }

  #messageId(): string {
    return `<${this.#hex(20)}@mail.corp.example>`;
  }

  #uuid(): string {
    const hex = this.#hex(32).toUpperCase();
    return [
      [0, 8],
      [8, 12],
      [12, 16],
      [16, 20],
      [20, 32],
    ]
      .map(([from, to]) => hex.slice(from, to))
      .join('-');
  }

  #hex(length: number): string {
    let text = '';
    while (text.length < length)
      text += Math.floor(this.#random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return text.slice(0, length);
  }

  #pick<T>(values: readonly [T, ...T[]]): T {
    return values[Math.floor(this.#random() * values.length)] ?? values[0];
  }
}

/** The events of one session, with what is known of its client. */
class Session {
  readonly id: string;
  readonly identity: string;
  readonly #events: EventDraft[] = [];
  readonly #client: Fields;
  #time: number;

  constructor(id: string, at: number, client: Fields) {
    this.id = id;
    this.#client = client;
    this.identity = client.identity ?? '';
    this.#time = at;
  }

  add(check: string, fields: Fields = {}): void {
    this.#push(check, `${this.id}.1 ${check}`, { connection: this.id, ...this.#client, ...fields });
  }

  /** A try to hand the message on, of which less is known. */
  leave(domain: string, fields: Fields): void {
    const { client, tls: encryption, identity, identity_id: id, sender } = this.#client;
    this.#push('outbound/delivery', `${this.id}.1.1 outbound/delivery`, {
      ...{ connection: this.id, ...(client !== undefined && { client }) },
      ...(encryption !== undefined && { tls: encryption }),
      ...(identity !== undefined && id !== undefined && { identity, identity_id: id, proof: 'account' }),
      ...(sender !== undefined && { sender }),
      ...{
        queue_id: `${this.id}.1.1`,
        remote: `mx.${domain}`,
        remote_address: '198.51.100.25',
        remote_port: 25,
      },
      ...{ remote_tls: tls, remote_verified: true, tries: 1, delay_seconds: 1.2, ...fields },
    });
  }

  end(fields: Fields): EventDraft[] {
    const { sender: _, ...client } = this.#client;
    this.#push('audit/connection', `${this.id} audit/connection`, {
      connection: this.id,
      ...client,
      ...fields,
    });
    return this.#events;
  }

  #push(check: string, reference: string, fields: Fields): void {
    this.#time += 120;
    this.#events.push({
      ...{ v: 1, time: new Date(this.#time).toISOString(), node: 'mx1', reference, check },
      ...{ verdict: 'pass', mode: 'enforce', ...fields, revision: '20f89f7da757', latency_ms: 0.21 },
    });
  }
}

function names(count: number, domain: string, random: () => number): string[] {
  return Array.from({ length: count }, () => `person${Math.floor(random() * 40)}@${domain}`);
}

function strangeAddress(number: number): string {
  return `45.${number >> 8}.${number & 255}.${number % 199}`;
}

/** The generator mulberry32, so that every run has the same population. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
