import { createSecureContext, getCiphers } from 'node:tls';

/** Lists of cipher suites in the syntax of OpenSSL. Those of TLS 1.3 stand there by their full names, and where none does, all are meant. */

/** Whether OpenSSL knows a suite that such a list has. */
export function isCipherList(list: string): boolean {
  try {
    createSecureContext({ ciphers: list });
    return true;
  } catch {
    return false;
  }
}

/** Suites before TLS 1.3 that Node.js knows by name. */
const named = getCiphers()
  .map((name) => name.toUpperCase())
  .filter((name) => !name.startsWith('TLS_'));

/** What OpenSSL has beside those; the alias `ALL` and many others name them too. */
const others = '!eNULL:!aNULL:!aDSS:!AESCCM:!CAMELLIA:!ARIA:!SEED:!IDEA:!3DES:!RC4';

/** A list without all suites that are named here, but for one. */
function without(list: string, kept?: string): string {
  const dropped = named.filter((name) => name !== kept).map((name) => `!${name}`);
  return [list, ...dropped, others].join(':');
}

/** By list and suite. There are as many lists as settings, and sixty suites. */
const answers = new Map<string, boolean>();
const mostAnswers = 10_000;

/**
 * Whether a list has a suite, by the name that OpenSSL gives it: it is in the list if one is left when all others are taken out. A
 * suite that Node.js does not name is in no list. Throws where OpenSSL has suites that cannot be taken out.
 */
export function hasSuite(list: string, suite: string): boolean {
  if (suite.startsWith('TLS_')) {
    const own = suitesOfTls13(list);
    return own.length === 0 || own.includes(suite);
  }
  const key = `${list} ${suite}`;
  const known = answers.get(key);
  if (known !== undefined) return known;
  if (!areOthersGone()) throw new Error('OpenSSL has cipher suites that cannot be told apart');
  const answer = named.includes(suite) && isCipherList(without(list, suite));
  if (answers.size >= mostAnswers) answers.clear();
  answers.set(key, answer);
  return answer;
}

let gone: boolean | undefined;

function areOthersGone(): boolean {
  return (gone ??= !isCipherList(without('ALL:COMPLEMENTOFALL:@SECLEVEL=0')));
}

/** The suites of one list that all other lists have as well, as a list. */
export function commonSuites(list: string, lists: readonly string[]): string {
  const rest = lists.filter((other) => other !== list);
  if (rest.length === 0) return list;
  const lacking = named.filter(
    (suite) => hasSuite(list, suite) && !rest.every((each) => hasSuite(each, suite)),
  );
  const older = list.split(':').filter((part) => !part.startsWith('TLS_'));
  const newer = [list, ...rest].flatMap(suitesOfTls13);
  const common = [...new Set(newer)].filter((suite) =>
    [list, ...rest].every((each) => hasSuite(each, suite)),
  );
  return [...common, ...older, ...lacking.map((suite) => `!${suite}`)].join(':');
}

function suitesOfTls13(list: string): string[] {
  return list.split(':').filter((part) => part.startsWith('TLS_'));
}
