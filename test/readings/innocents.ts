import { dayMs, hourMs } from '../../plugins/core/events/tallies.ts';
import { failed, loggedIn, refused, sent } from './events.ts';
import { begin, type Week } from './week.ts';

const minuteMs = 60_000;

/** Stories of which nothing may be read. */
export const innocents: readonly ((week: Week) => void)[] = [
  newOffice,
  lateTelephone,
  webmail,
  holiday,
  newsletter,
  forgotten,
  habit,
  scanners,
];

/** Many log in from a network that nobody knows, some mistype once or twice, and a few give up there. */
function newOffice(week: Week): void {
  const { random, users } = week;
  const [client = ''] = week.clients(1);
  for (const user of random.some(users, random.between(20, Math.min(80, users.length)))) {
    const at = week.inOffice(2, 7, 10);
    const typos = random.chance(0.3) ? random.between(1, 2) : 0;
    for (let typo = 0; typo < typos; typo += 1) {
      week.add(failed(at - (typo + 1) * minuteMs, user.account, client, `typo ${user.account} ${typo}`));
    }
    if (random.chance(0.03)) continue;
    week.session(user, at, client, random.between(0, 3));
    for (const day of [3, 4].filter(() => random.chance(0.7))) {
      week.session(user, week.inOffice(day), client, random.between(0, 3));
    }
  }
}

/** The password is changed, and the telephone hears of it an hour or two later. */
function lateTelephone(week: Week): void {
  const { random } = week;
  for (let telephones = random.between(1, 5); telephones > 0; telephones -= 1) {
    const user = week.takeUser();
    const start = week.inOffice(random.between(0, 4));
    const every = random.between(1, 15) * minuteMs;
    const [client = ''] = random.chance(0.5) ? [user.mobile] : week.clients(1);
    const password = random.chance(0.3) ? undefined : `old ${user.account}`;
    const isBothWays = random.chance(0.3);
    const length = random.between(60, 150) * minuteMs;
    for (let after = 0; after < length; after += every) {
      week.add(
        failed(start + after, user.account, isBothWays && random.chance(0.5) ? user.home : client, password),
      );
    }
    week.add(loggedIn(start + length, user.account, client));
  }
}

/** One address for half of the house. */
function webmail(week: Week): void {
  const { random, users } = week;
  const [client = ''] = week.clients(1);
  for (const user of random.some(users, Math.floor(users.length / 2))) {
    const first = -Math.min(10, week.shape.history);
    const days = Array.from({ length: 7 - first }, (_, index) => first + index);
    for (const day of days.filter(() => random.chance(0.5))) {
      week.session(user, week.inOffice(day, 5, 22), client, random.between(0, 2));
    }
  }
}

/** Far away, at other hours, with an invitation to everybody. */
function holiday(week: Week): void {
  const user = week.takeUser();
  const hotels = week.clients(4);
  for (let day = 2; day < 7; day += 1) {
    const at = begin + day * dayMs + 2 * hourMs;
    week.session(user, at, week.random.of(hotels), week.random.between(1, 8));
    if (day === 4) week.add(...sent(at, user.account, hotels[0] ?? '', { recipients: 90 }));
  }
}

/** Much at once, each month, from its own server; without a past it has only tried before. */
function newsletter(week: Week): void {
  const account = 'newsletter@corp.example';
  const [client = ''] = week.clients(1);
  const issue = (day: number, messages: number, recipients: number) => {
    const at = week.inOffice(day);
    week.add(loggedIn(at, account, client));
    for (let index = 0; index < messages; index += 1) {
      week.add(
        ...sent(at + index * 1000, account, client, { recipients, bounced: index % 25 === 0 ? 1 : 0 }),
      );
    }
  };
  for (let day = -week.shape.history; day < 7; day += 3) issue(day, 2, 1);
  if (week.shape.history >= 30) issue(-28, 300, 8);
  issue(1, 320, 8);
}

/** Who has forgotten the password tries what comes to mind, on a journey too, and asks the help desk then. */
function forgotten(week: Week): void {
  const { random } = week;
  for (let people = random.between(1, 4); people > 0; people -= 1) {
    const user = week.takeUser();
    const [hotel = ''] = week.clients(1);
    const at = week.inOffice(random.between(0, 5));
    const client = random.of([user.home, user.office, hotel]);
    for (let index = 0; index < random.between(3, 9); index += 1) {
      week.add(failed(at + index * minuteMs, user.account, client, `perhaps ${user.account} ${index}`));
    }
    if (random.chance(0.5)) week.add(loggedIn(at + hourMs, user.account, client));
  }
}

/** Types the old password first, each morning. */
function habit(week: Week): void {
  const user = week.takeUser();
  for (let day = 0; day < 5; day += 1) {
    const at = week.inOffice(day, 7, 9);
    week.add(failed(at, user.account, user.office, `old ${user.account}`));
    week.add(loggedIn(at + minuteMs, user.account, user.office));
  }
}

/** The internet looks what we are, now and then. */
function scanners(week: Week): void {
  for (const client of week.clients(40)) {
    for (let times = week.random.between(1, 3); times > 0; times -= 1) {
      const at = week.anyTime();
      week.add(refused(at, 'auth/login', 'auth-in-clear', { client, helo: 'scan.example' }));
      week.add(
        refused(at, 'outbound/relay', 'relay-denied', { client, sender: 'probe@scan.example', port: 25 }),
      );
    }
  }
}
