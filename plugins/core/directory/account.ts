import { formatMailbox, parseMailbox, type Mailbox } from '../mailbox.ts';
import type { Account } from './directory.ts';
import type { Entry } from './messages.ts';
import type { DirectorySettings } from './settings.ts';

/** The attributes that an account is made of. */
export function accountAttributes(settings: DirectorySettings): readonly string[] {
  const { address_attributes, status_attribute } = settings;
  return status_attribute === '' ? address_attributes : [...address_attributes, status_attribute];
}

/** Those, and the one that holds verifiers: only who is asked for one gets it. */
export function verifierAttributes(settings: DirectorySettings): readonly string[] {
  return [...accountAttributes(settings), settings.scram_attribute];
}

/** Whether the directory says that the account may not log in. */
export function isDisabled(entry: Entry, settings: DirectorySettings): boolean {
  const disabled = settings.disabled_values.map((value) => value.toLowerCase());
  const values = valuesOf(entry, settings.status_attribute);
  return values.some((value) => disabled.includes(value.trim().toLowerCase()));
}

/** The account of an entry; values that are no addresses give no right to send, and `onBadAddress` is told. */
export function accountOf(
  entry: Entry,
  settings: DirectorySettings,
  onBadAddress: (value: string) => void,
): Account {
  const values = settings.address_attributes.flatMap((name) => valuesOf(entry, name));
  const addresses = values.flatMap((value): Mailbox[] => {
    const mailbox = parseMailbox(value);
    if (mailbox !== undefined) return [mailbox];
    onBadAddress(value);
    return [];
  });
  const [first] = addresses;
  return { id: entry.dn, name: first === undefined ? entry.dn : formatMailbox(first), addresses };
}

/** What is stored for SCRAM, as it stands. */
export function verifierValues(entry: Entry, settings: DirectorySettings): readonly Buffer[] {
  return octetsOf(entry, settings.scram_attribute);
}

function valuesOf(entry: Entry, name: string): readonly string[] {
  return octetsOf(entry, name).map((value) => value.toString('utf8'));
}

/** RFC 4512 §2.5: `mail;lang-en` is a kind of `mail`. */
function octetsOf(entry: Entry, name: string): readonly Buffer[] {
  const wanted = name.toLowerCase();
  return entry.attributes
    .filter(({ type }) => type.toLowerCase().split(';')[0] === wanted.split(';')[0])
    .flatMap(({ values }) => values);
}
