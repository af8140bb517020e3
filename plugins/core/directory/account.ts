import { readLimits } from '../limits/read-limits.ts';
import { formatMailbox, parseMailbox, type Mailbox } from '../mailbox.ts';
import type { Account, Refusal, ScramVerifier } from './directory.ts';
import type { Entry } from './messages.ts';
import { readVerifiers } from './scram.ts';
import type { DirectorySettings } from './settings.ts';
import { refusalOfState } from './state.ts';

/** The attributes that an account is made of. */
export function accountAttributes(settings: DirectorySettings): readonly string[] {
  const { address_attributes, status_attribute, state_attributes } = settings;
  const { required_groups, forbidden_groups, limits_attribute } = settings;
  const named = [status_attribute, limits_attribute].filter((name) => name !== '');
  // By it posixGroup names its members.
  const uid = required_groups.length + forbidden_groups.length > 0 ? ['uid'] : [];
  return [...new Set([...address_attributes, ...named, ...state_attributes, ...uid])];
}

/** Those, and the one that holds application passwords. */
export function loginAttributes(settings: DirectorySettings): readonly string[] {
  const { app_password_attribute: name } = settings;
  return name === '' ? accountAttributes(settings) : [...accountAttributes(settings), name];
}

/** Those of the account, and the one that holds verifiers: only who is asked for one gets it. */
export function verifierAttributes(settings: DirectorySettings): readonly string[] {
  return [...accountAttributes(settings), settings.scram_attribute];
}

/** Why the entry says that the account may not log in; throws an Error when it cannot be understood. */
export function refusalOfEntry(entry: Entry, settings: DirectorySettings, now: Date): Refusal | undefined {
  if (isDisabled(entry, settings)) return 'account-disabled';
  return refusalOfState(settings.state_attributes, (name) => valuesOf(entry, name), now);
}

function isDisabled(entry: Entry, settings: DirectorySettings): boolean {
  const disabled = settings.disabled_values.map((value) => value.toLowerCase());
  const values = valuesOf(entry, settings.status_attribute);
  return values.some((value) => disabled.includes(value.trim().toLowerCase()));
}

/** Who hears of values that cannot be read. */
export interface Complaints {
  /** It gives no right to send. */
  readonly onBadAddress: (value: string) => void;
  /** The defaults stay in force. */
  readonly onBadLimits: (problems: readonly string[]) => void;
}

/** The account of an entry. */
export function accountOf(
  entry: Entry,
  settings: DirectorySettings,
  { onBadAddress, onBadLimits }: Complaints,
): Account {
  const values = settings.address_attributes.flatMap((name) => addressesOf(entry, name));
  const addresses = [...new Set(values)].flatMap((value): Mailbox[] => {
    const mailbox = parseMailbox(value);
    if (mailbox !== undefined) return [mailbox];
    onBadAddress(value);
    return [];
  });
  const [first] = addresses;
  const { limits, problems } = readLimits(valuesOf(entry, settings.limits_attribute));
  if (problems.length > 0) onBadLimits(problems);
  return {
    id: entry.dn,
    name: first === undefined ? entry.dn : formatMailbox(first),
    addresses,
    ...(settings.limits_attribute !== '' && { limits }),
  };
}

/** What is stored for SCRAM, where anything is; throws an Error when it cannot be understood. */
export function verifierOf(entry: Entry, settings: DirectorySettings): ScramVerifier | undefined {
  const values = octetsOf(entry, settings.scram_attribute);
  return values.length === 0 ? undefined : readVerifiers(values);
}

/** In proxyAddresses each value begins with its type: of smtp are mail addresses, the primary one in capitals. */
function addressesOf(entry: Entry, name: string): readonly string[] {
  const values = valuesOf(entry, name);
  if (name.toLowerCase() !== 'proxyaddresses') return values;
  return values.flatMap((value) => /^smtp:(.*)$/is.exec(value)?.[1] ?? []);
}

export function valuesOf(entry: Entry, name: string): readonly string[] {
  return octetsOf(entry, name).map((value) => value.toString('utf8'));
}

/** RFC 4512 §2.5: `mail;lang-en` is a kind of `mail`. */
export function octetsOf(entry: Entry, name: string): readonly Buffer[] {
  const wanted = name.toLowerCase();
  return entry.attributes
    .filter(({ type }) => type.toLowerCase().split(';')[0] === wanted.split(';')[0])
    .flatMap(({ values }) => values);
}
