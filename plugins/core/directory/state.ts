import type { Refusal } from './directory.ts';

/** The first value of an attribute of the account. */
export type Lookup = (attribute: string) => string | undefined;

/** Why a value of the attribute keeps the account from logging in; throws an Error for a value that it cannot read. */
type Reading = (value: string, of: Lookup, now: Date) => Refusal | undefined;

/** In the order in which causes are looked for: what an administrator decided before what time brings. */
const readings = {
  nsAccountLock: (value) => (isTrue(value) ? 'account-disabled' : undefined),
  userAccountControl: (value) => (flags(value) & uac.disabled ? 'account-disabled' : undefined),
  accountExpires: (value, _of, now) => (isPastFileTime(value, now) ? 'account-expired' : undefined),
  krbPrincipalExpiration: (value, _of, now) =>
    generalizedTime(value) <= now.getTime() ? 'account-expired' : undefined,
  // Any other time is that of a lockout, which may be over: only the policy knows, and says so to a bind.
  pwdAccountLockedTime: (value) => (value === '000001010000Z' ? 'account-locked' : undefined),
  pwdReset: (value) => (isTrue(value) ? 'password-must-change' : undefined),
  pwdLastSet: (value, of) =>
    value === '0' && !(flags(of('userAccountControl') ?? '0') & uac.passwordNeverExpires)
      ? 'password-must-change'
      : undefined,
  // Unlike lockoutTime, which stays in the entry until the next login, this says whether a lockout is over.
  'msDS-User-Account-Control-Computed': (value) => {
    const computed = flags(value);
    if (computed & uac.lockedOut) return 'account-locked';
    return computed & uac.passwordExpired ? 'password-expired' : undefined;
  },
  krbPasswordExpiration: (value, _of, now) =>
    generalizedTime(value) <= now.getTime() ? 'password-expired' : undefined,
} as const satisfies Readonly<Record<string, Reading>>;

export type StateAttribute = keyof typeof readings;

/** The attributes of which we know what they say of an account. */
export const stateAttributes = Object.keys(readings) as [StateAttribute, ...StateAttribute[]];

/** MS-ADTS §2.2.16. */
const uac = {
  disabled: 0x2,
  lockedOut: 0x10,
  passwordNeverExpires: 0x1_0000,
  passwordExpired: 0x80_0000,
} as const;

/** Why an account may not log in, as these attributes of its entry have it; throws an Error that names one it cannot read. */
export function refusalOfState(
  wanted: readonly StateAttribute[],
  of: Lookup,
  now: Date,
): Refusal | undefined {
  const causes = stateAttributes.flatMap((attribute) => {
    const value = wanted.includes(attribute) ? of(attribute) : undefined;
    return value === undefined ? [] : [read(attribute, value, of, now)];
  });
  return causes.find((cause) => cause !== undefined);
}

function read(attribute: StateAttribute, value: string, of: Lookup, now: Date): Refusal | undefined {
  try {
    return readings[attribute](value, of, now);
  } catch (error) {
    throw new Error(`${attribute} ${(error as Error).message}`, { cause: error });
  }
}

function isTrue(value: string): boolean {
  return value.toLowerCase() === 'true';
}

/** A whole number of 32 bits, which Active Directory writes with its sign. */
function flags(value: string): number {
  return Number(wholeNumber(value) & 0xffff_ffffn);
}

function wholeNumber(value: string): bigint {
  if (!/^-?\d{1,19}$/.test(value)) throw new Error('is no number');
  return BigInt(value);
}

/** MS-ADTS §2.3.2: 0 and the largest number mean never; else units of 100 ns since 1601. */
function isPastFileTime(value: string, now: Date): boolean {
  const time = wholeNumber(value);
  if (time === 0n || time === 0x7fff_ffff_ffff_ffffn) return false;
  const sinceUnixEpoch = time / 10_000n - 11_644_473_600_000n;
  return sinceUnixEpoch <= BigInt(now.getTime());
}

/** RFC 4517 §3.3.13, in the one form that servers write: UTC, to the second. */
function generalizedTime(value: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d+)?Z$/.exec(value) ?? [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time)) throw new Error('is no time');
  return time;
}
