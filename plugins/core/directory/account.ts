import { readLimits } from '../limits/read-limits.ts';
import { formatMailbox } from '../mailbox.ts';
import { rightsAttributes, rightsOf, type OnBadRight } from './delegated.ts';
import type { Account, Refusal, ScramVerifier } from './directory.ts';
import { asksOthers, nothingLent, type Lent } from './lent.ts';
import type { Entry } from './messages.ts';
import { readVerifiers } from './scram.ts';
import type { DirectorySettings } from './settings.ts';
import { refusalOfState } from './state.ts';
import { mailboxesOf, octetsOf, valuesOf } from './values.ts';

/** The attributes that an account is made of. */
export function accountAttributes(settings: DirectorySettings): readonly string[] {
  const { address_attributes, status_attribute, state_attributes } = settings;
  const { required_groups, forbidden_groups, limits_attribute, tls_attribute } = settings;
  const { asked_groups = [] } = settings;
  const named = [status_attribute, limits_attribute, tls_attribute].filter((name) => name !== '');
  // By it posixGroup names its members.
  const isNeeded = required_groups.length + forbidden_groups.length + asked_groups.length > 0;
  const uid = isNeeded || asksOthers(settings) ? ['uid'] : [];
  const rights = rightsAttributes(settings);
  return [...new Set([...address_attributes, ...named, ...rights, ...state_attributes, ...uid])];
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
  readonly onBadRight: OnBadRight;
}

/** The account of an entry, with what other entries lend it. */
export function accountOf(
  entry: Entry,
  settings: DirectorySettings,
  { onBadAddress, onBadLimits, onBadRight }: Complaints,
  lent: Lent = nothingLent,
): Account {
  const addresses = mailboxesOf(entry, settings, onBadAddress);
  const { sendAs, delegated } = rightsOf(entry, settings, onBadRight);
  // An account is named by an address of its own only: mail_servers knows it by its name.
  const [first] = addresses;
  const { limits, problems } = readLimits(valuesOf(entry, settings.limits_attribute));
  if (problems.length > 0) onBadLimits(problems);
  const criteria = valuesOf(entry, settings.tls_attribute).map((value) => value.trim());
  return {
    id: entry.dn,
    name: first === undefined ? entry.dn : formatMailbox(first),
    addresses: [...addresses, ...sendAs, ...lent.sendAs],
    ...(hasRights(settings) && {
      delegated: { ...delegated, onBehalf: [...delegated.onBehalf, ...lent.onBehalf] },
    }),
    ...(settings.limits_attribute !== '' && { limits }),
    ...(criteria.length > 0 && { criteria }),
  };
}

function hasRights(settings: DirectorySettings): boolean {
  return rightsAttributes(settings).length > 0 || asksOthers(settings);
}

/** What is stored for SCRAM, where anything is; throws an Error when it cannot be understood. */
export function verifierOf(entry: Entry, settings: DirectorySettings): ScramVerifier | undefined {
  const values = octetsOf(entry, settings.scram_attribute);
  return values.length === 0 ? undefined : readVerifiers(values);
}
