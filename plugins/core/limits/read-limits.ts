import { isLimitKey, mostSessions, type LimitKey, type LimitValue, type OwnLimits } from './limits.ts';

/** More than anybody sends, and exact as a number. */
const form = /^(\w+) ?= ?(none|\d{1,12})$/;

/** What the values of an attribute say. Of a key with a problem they say nothing. */
export interface ReadLimits {
  readonly limits: OwnLimits;
  readonly problems: readonly string[];
}

/** Reads values such as `messages_per_hour=500` and `soft_sessions=none`. */
export function readLimits(values: readonly string[]): ReadLimits {
  const read = new Map<LimitKey, LimitValue>();
  const problems: string[] = [];
  const contradictory = new Set<LimitKey>();
  for (const text of values) {
    const limit = readLimit(text);
    if (!limit) {
      problems.push(`${JSON.stringify(text.slice(0, 100))} is no limit`);
      continue;
    }
    const { key, value } = limit;
    if ((read.get(key) ?? value) !== value) contradictory.add(key);
    read.set(key, value);
  }
  for (const key of contradictory) {
    problems.push(`there are several values for ${key}`);
    read.delete(key);
  }
  return { limits: Object.fromEntries(read), problems };
}

function readLimit(text: string): { readonly key: LimitKey; readonly value: LimitValue } | undefined {
  const [, key = '', digits = ''] = form.exec(text.trim().toLowerCase()) ?? [];
  if (!isLimitKey(key)) return undefined;
  const value = digits === 'none' ? digits : Number(digits);
  const isTooMany = key.endsWith('sessions') && value !== 'none' && value > mostSessions;
  return isTooMany ? undefined : { key, value };
}
