import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { dayMs, hourMs } from '../../plugins/core/events/tallies.ts';
import { networkOf } from '../../plugins/core/readings/refusals.ts';
import type { Registry } from '../../plugins/core/readings/remedies.ts';
import type { Finding, Report } from '../../plugins/core/readings/report.ts';
import { attacks } from './attacks.ts';
import { failed, loggedIn, sent } from './events.ts';
import { innocents } from './innocents.ts';
import { Random } from './random.ts';

/** Monday. */
export const begin = Date.UTC(2026, 10, 16);
const minuteMs = 60_000;

/** What a week is made with; the rest is drawn by the seed. */
export interface Shape {
  readonly seed: number;
  readonly users: number;
  /** How much more, or less, than usual the attacks do. */
  readonly rate: number;
  /** How much mail people send. */
  readonly mail: number;
  /** Days before the week that the store has, too. */
  readonly history: number;
  readonly sprayNetworks: number;
  readonly sprayPasswords: number;
  readonly isSlow: boolean;
}

export interface User {
  readonly account: string;
  readonly home: string;
  readonly office: string;
  readonly mobile: string;
  readonly perDay: number;
}

/** An attack or a fault, and how it should be read. */
export interface Label {
  readonly name: string;
  readonly section: string;
  readonly readings: readonly string[];
  readonly isAbout: (finding: Finding) => boolean;
}

/** A week with labels. */
export class Week {
  readonly shape: Shape;
  readonly random: Random;
  readonly events: GatekeeperEvent[] = [];
  readonly labels: Label[] = [];
  readonly users: readonly User[];
  /** Who did something, and may be told of. */
  readonly guilty = new Set<string>();
  readonly offices: readonly string[];
  readonly settings: Registry;
  readonly #taken = new Set<string>();

  constructor(shape: Shape) {
    this.shape = shape;
    this.random = new Random(shape.seed);
    this.offices = ['192.0.2.10', '198.51.100.10', '203.0.113.10'];
    const homes = this.clients(Math.ceil(shape.users * 0.8));
    const mobiles = this.clients(20);
    this.users = Array.from({ length: shape.users }, (_, index) => ({
      account: `user${index}@corp.example`,
      home: this.random.of(homes),
      office: this.random.of(this.offices),
      mobile: this.random.of(mobiles),
      perDay: this.random.between(1, 9) * shape.mail,
    }));
    const partner = { owner: 'Eva Brandt, marketing', domains: ['corp.example'], forwarder: false };
    this.settings = {
      protected_domains: ['corp.example'],
      partners: [{ ...partner, name: 'crm', addresses: ['100.64.7.0/28'], expires: '2030-12-31' }],
    };
  }

  get end(): number {
    return begin + 7 * dayMs;
  }

  /** Addresses in networks of which nobody has another. */
  clients(count: number): string[] {
    const found: string[] = [];
    while (found.length < count) {
      const [a, b, c] = [
        this.random.between(11, 95),
        this.random.between(0, 255),
        this.random.between(0, 255),
      ];
      const network = `${a}.${b}.${c}`;
      if (!this.#taken.has(network)) found.push(`${network}.${this.random.between(1, 254)}`);
      this.#taken.add(network);
    }
    return found;
  }

  add(...events: readonly GatekeeperEvent[]): void {
    this.events.push(...events);
  }

  /** A user whom no attack and no other story is about. */
  takeUser(): User {
    const free = this.users.filter(({ account }) => !this.#taken.has(account));
    const user = this.random.of(free);
    this.#taken.add(user.account);
    return user;
  }

  /** A time on a day, in the hours of an office. */
  inOffice(day: number, from = 7, to = 17): number {
    return (
      begin +
      day * dayMs +
      this.random.between(from * 60, to * 60) * minuteMs +
      this.random.between(0, 59_999)
    );
  }

  anyTime(firstDay = 0, days = 7): number {
    return begin + Math.floor((firstDay + this.random.next() * (days - firstDay)) * dayMs);
  }

  /** Somebody logs in, mostly at once, and sends something. */
  session(user: Pick<User, 'account'>, at: number, client: string, messages: number): void {
    if (this.random.chance(0.02)) {
      const typos = this.random.between(1, 3);
      for (let typo = 0; typo < typos; typo += 1) {
        const password = `typo ${user.account} ${this.random.between(0, 9)}`;
        this.add(failed(at - (typo + 1) * 20_000, user.account, client, password));
      }
    }
    this.add(loggedIn(at, user.account, client));
    for (let index = 0; index < messages; index += 1) {
      const recipients = this.random.chance(0.1) ? this.random.between(2, 25) : 1;
      this.add(...sent(at + index * minuteMs, user.account, client, { recipients }));
    }
  }
}

/** The week that a shape means, with everybody in it. */
export function weekOf(shape: Shape): Week {
  const week = new Week(shape);
  for (const user of week.users) live(week, user);
  for (const story of [...innocents, ...attacks]) story(week);
  return week;
}

/** People work on weekdays, in the office or at home, and look at their mail in the evening. */
function live(week: Week, user: User): void {
  const { random, shape } = week;
  const trip = random.chance(0.12)
    ? { from: random.between(0, 4), hotels: week.clients(random.between(1, 3)) }
    : undefined;
  for (let day = -shape.history; day < 7; day += 1) {
    const isWeekend = new Date(begin + day * dayMs).getUTCDay() % 6 === 0;
    const messages = random.times(isWeekend ? user.perDay / 8 : user.perDay);
    if (isWeekend && messages === 0) continue;
    if (trip && day >= trip.from) {
      travel(week, user, day, trip.hotels, messages);
      continue;
    }
    const place = random.chance(0.3) ? user.home : user.office;
    week.session(user, week.inOffice(day), place, Math.ceil(messages / 2));
    week.session(
      user,
      week.inOffice(day, 6, 22),
      random.of([user.home, user.mobile]),
      Math.floor(messages / 2),
    );
  }
}

/** From hotels, at the hours of another place; one in a hundred mistypes there and gives up. */
function travel(week: Week, user: User, day: number, hotels: readonly string[], messages: number): void {
  const { random } = week;
  const at = begin + day * dayMs + random.between(0, 23) * hourMs;
  week.session(user, at, random.of(hotels), messages);
  if (random.chance(0.01))
    week.add(failed(at, user.account, week.clients(1)[0] ?? '', `typo ${user.account}`));
}

export interface Judgement {
  readonly found: ReadonlyMap<string, boolean>;
  /** Findings about somebody who did nothing. */
  readonly accused: readonly string[];
}

/** What a report has found of a week, and whom it should not have named. */
export function judge(week: Week, report: Report): Judgement {
  const findings = report.sections.flatMap(({ name, findings: theirs }) =>
    theirs.map((finding) => ({ name, finding })),
  );
  const fits = ({ section, readings, isAbout }: Label) =>
    findings.filter(
      ({ name, finding }) => name === section && readings.includes(finding.reading) && isAbout(finding),
    );
  const expected = new Set(week.labels.flatMap(fits));
  const accused = findings
    .filter((each) => !expected.has(each))
    .map(({ name, finding }) => textOf(name, finding));
  return { found: new Map(week.labels.map((label) => [label.name, fits(label).length > 0])), accused };
}

function textOf(name: string, { reading, subject, evidence }: Finding): string {
  return `${name}: ${reading} ${subject}: ${evidence.join(' | ')}`;
}

/** Whether most of the networks that a finding names are those. */
export function isMostly(finding: Finding, clients: readonly string[]): boolean {
  const theirs = new Set(clients.map(networkOf));
  const named = finding.networks ?? [];
  const share = named.filter((network) => theirs.has(network)).length / Math.max(1, named.length);
  return share >= 0.9;
}
