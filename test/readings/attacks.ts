import { dayMs, hourMs } from '../../plugins/core/events/tallies.ts';
import { networkOf } from '../../plugins/core/readings/refusals.ts';
import { claimed, excused, failed, loggedIn, refused, sent } from './events.ts';
import { begin, isMostly, type User, type Week } from './week.ts';

/** Stories of which something must be read. */
export const attacks: readonly ((week: Week) => void)[] = [
  stalePrinter,
  guessing,
  guessingUntold,
  distributed,
  spraying,
  sprayingFromOne,
  stuffing,
  takenOver,
  driftingPartner,
  forgery,
  clearPrinter,
  wrongFrom,
];

/** What attackers have: networks of their own, and now and then one in which somebody of ours lives. */
function botnet(week: Week, count: number): string[] {
  const homes = week.random.some(week.users, Math.floor(count * 0.03)).map(({ home }) => home);
  return [...homes, ...week.clients(count - homes.length)];
}

function stalePrinter(week: Week): void {
  const { random, shape } = week;
  const { account, office } = week.takeUser();
  const every = (random.between(15, 120) * 60_000) / Math.min(1, shape.rate);
  const isAtNight = random.chance(0.7);
  const firstDay = random.between(0, 3);
  for (let at = begin + firstDay * dayMs; at < week.end; at += every) {
    const hour = new Date(at).getUTCHours();
    if (isAtNight || (hour >= 7 && hour < 18)) week.add(failed(at, account, office, `old ${account}`));
  }
  week.labels.push({
    name: 'stale printer',
    section: 'logins',
    readings: ['stale device'],
    isAbout: ({ subject }) => subject === account,
  });
}

function guess(week: Week, user: User, clients: readonly string[], tries: number, isTold = true): void {
  const { random } = week;
  for (let index = 0; index < tries; index += 1) {
    const password = isTold ? `guess ${user.account} ${random.chance(0.1) ? 0 : index}` : undefined;
    week.add(failed(week.anyTime(1), user.account, random.of(clients), password));
  }
}

/** As slowly as twenty a day, at the usual rate. */
function guessing(week: Week): void {
  const { random, shape } = week;
  const perDay = random.of([20, 50, 400]) * shape.rate;
  const user = week.takeUser();
  const clients = week.clients(random.between(1, 4));
  guess(week, user, clients, Math.ceil(perDay * 6));
  week.labels.push({
    name: 'guessing',
    section: 'logins',
    readings: ['guessing'],
    isAbout: (finding) => finding.subject === user.account && isMostly(finding, clients),
  });
}

function guessingUntold(week: Week): void {
  const user = week.takeUser();
  const clients = week.clients(1);
  guess(week, user, clients, Math.ceil(400 * week.shape.rate), false);
  week.labels.push({
    name: 'guessing by SCRAM',
    section: 'logins',
    readings: ['guessing'],
    isAbout: ({ subject }) => subject === user.account,
  });
}

function distributed(week: Week): void {
  const { random, shape } = week;
  const user = week.takeUser();
  const tries = Math.ceil(random.between(150, 800) * shape.rate);
  guess(week, user, botnet(week, random.between(50, 300)), tries);
  week.labels.push({
    name: 'distributed guessing',
    section: 'logins',
    readings: ['distributed'],
    isAbout: ({ subject }) => subject === user.account,
  });
}

function names(week: Week, share: number, unknown: number): string[] {
  const known = week.random
    .some(week.users, Math.ceil(week.users.length * share))
    .map(({ account }) => account);
  return [...known, ...Array.from({ length: unknown }, (_, index) => `nobody${index}@corp.example`)];
}

/** A few passwords over everybody, from hundreds of networks; slowly, each account has one try a day. */
function spraying(week: Week): void {
  const { random, shape } = week;
  const accounts = names(week, Math.min(1, Math.max(0.3, shape.rate)), random.between(0, 50));
  const clients = botnet(week, shape.sprayNetworks);
  const passwords = Array.from({ length: shape.sprayPasswords }, (_, index) => `Season${index}!`);
  const tries = shape.isSlow ? 7 : Math.ceil(passwords.length * Math.min(1, shape.rate));
  const isInOrder = random.chance(0.5);
  for (const account of accounts) {
    for (let index = 0; index < tries; index += 1) {
      const password = isInOrder ? passwords[index % passwords.length] : random.of(passwords);
      const at = shape.isSlow ? begin + index * dayMs + random.between(0, dayMs - 1) : week.anyTime(2, 3);
      week.add(failed(at, account, random.of(clients), password));
    }
  }
  const hit = week.takeUser();
  if (random.chance(0.5)) week.add(loggedIn(week.anyTime(3, 4), hit.account, clients.at(-1) ?? ''));
  week.guilty.add(hit.account);
  week.labels.push({
    name: 'spraying',
    section: 'logins',
    readings: ['spraying'],
    isAbout: (finding) => (finding.networks ?? []).length > 10 && isMostly(finding, clients),
  });
}

function sprayingFromOne(week: Week): void {
  const { random, shape } = week;
  const clients = week.clients(1);
  const passwords = ['Welcome1', 'Winter2026', 'corp2026', 'Passw0rd'];
  for (const account of names(week, Math.max(0.1, Math.min(0.9, shape.rate * 0.3)), 5)) {
    for (const password of passwords)
      week.add(failed(week.anyTime(4, 5), account, random.of(clients), password));
  }
  const network = networkOf(clients[0] ?? '');
  week.labels.push({
    name: 'spraying from one network',
    section: 'logins',
    readings: ['spraying'],
    isAbout: ({ subject }) => subject === network,
  });
}

/** Pairs of a stolen list: most are of nobody, some passwords are popular, each is tried once. */
function stuffing(week: Week): void {
  const { random, shape, users } = week;
  const pairs = Math.ceil(Math.max(users.length / 3, random.between(100, 3000)) * shape.rate);
  const clients = random.chance(0.3)
    ? week.clients(random.between(1, 3))
    : botnet(week, random.between(20, 300));
  for (let index = 0; index < pairs; index += 1) {
    const account = random.chance(0.2) ? random.of(users).account : `leaked${index}@elsewhere.example`;
    const password = random.chance(0.006) ? '123456' : `leaked ${account}`;
    week.add(failed(week.anyTime(1), account, random.of(clients), password));
  }
  week.labels.push({
    name: 'stuffing',
    section: 'logins',
    readings: ['stuffing'],
    isAbout: (finding) => isMostly(finding, clients),
  });
}

function takenOver(week: Week): void {
  const { random, shape } = week;
  const quiet = week.takeUser();
  const user = { ...quiet, perDay: 8 };
  const clients = week.clients(random.between(1, 12));
  const messages = Math.ceil(random.between(300, 1500) * shape.rate * Math.max(1, shape.mail));
  const start = begin + random.between(3, 5) * dayMs + random.between(0, 12) * hourMs;
  for (const client of clients) week.add(loggedIn(start, user.account, client));
  for (let index = 0; index < messages; index += 1) {
    const at = start + Math.floor((index / messages) * 10 * hourMs);
    const recipients = random.between(1, 20);
    week.add(
      ...sent(at, user.account, random.of(clients), { recipients, bounced: random.chance(0.5) ? 1 : 0 }),
    );
  }
  week.labels.push({
    name: 'taken over',
    section: 'takeover',
    readings: ['taken over?'],
    isAbout: ({ subject }) => subject === user.account,
  });
}

/** Until Tuesday from where its entry says, and from elsewhere then. */
function driftingPartner(week: Week): void {
  const { random, shape } = week;
  const perDay = Math.max(5, Math.ceil(random.between(15, 200) * shape.rate));
  const moved = week.clients(random.between(1, 2));
  const isWithheld = random.chance(0.5);
  for (let day = -Math.min(5, shape.history); day < 7; day += 1) {
    for (let index = 0; index < perDay; index += 1) {
      const at = week.inOffice(day, 6, 20);
      week.add(
        day < 2
          ? excused(at, 'crm@corp.example', '100.64.7.3', 'crm')
          : claimed(at, 'crm@corp.example', random.of(moved), isWithheld),
      );
    }
  }
  week.labels.push({
    name: 'drifting partner',
    section: 'impersonation',
    readings: ['drift'],
    isAbout: ({ subject }) => subject === 'crm',
  });
}

function forgery(week: Week): void {
  const { random, shape } = week;
  const at = week.anyTime(1, 5);
  for (const client of week.clients(Math.ceil(random.between(5, 60) * shape.rate))) {
    for (let index = random.between(1, 20); index > 0; index -= 1) {
      week.add(claimed(at + random.between(0, 2 * hourMs), 'ceo@corp.example', client));
    }
  }
  week.labels.push({
    name: 'forgery',
    section: 'impersonation',
    readings: ['impersonation'],
    isAbout: ({ subject }) => subject === 'corp.example',
  });
}

/** Has sent its scans in clear for ten years. */
function clearPrinter(week: Week): void {
  const [office = ''] = week.offices;
  const client = office.replace(/\d+$/, '77');
  for (let day = 0; day < 7; day += 1) {
    for (let index = 0; index < Math.max(1, 3 * week.shape.rate); index += 1) {
      const helo = 'scanner-3';
      week.add(refused(week.inOffice(day), 'auth/login', 'auth-in-clear', { client, helo }));
    }
  }
  week.labels.push({
    name: 'login in clear',
    section: 'misconfigured',
    readings: ['login in clear'],
    isAbout: ({ subject }) => subject === client,
  });
}

function wrongFrom(week: Week): void {
  const user = week.takeUser();
  for (let day = 0; day < 5; day += 1) {
    week.add(
      refused(week.inOffice(day), 'sender/envelope', 'sender-not-owned', {
        ...{ client: user.office, identity: user.account, login: user.account },
        ...{ sender: 'info@corp.example', detail: 'info@corp.example' },
      }),
    );
  }
  week.labels.push({
    name: 'wrong From',
    section: 'misconfigured',
    readings: ['wrong From'],
    isAbout: ({ subject }) => subject === user.account,
  });
}
