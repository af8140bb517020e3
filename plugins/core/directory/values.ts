import { parseMailbox, type Mailbox } from '../mailbox.ts';
import type { Entry } from './messages.ts';
import type { DirectorySettings } from './settings.ts';

/** The addresses that an entry is of. */
export function mailboxesOf(
  entry: Entry,
  { address_attributes }: DirectorySettings,
  onBadAddress: (value: string) => void,
): readonly Mailbox[] {
  const values = address_attributes.flatMap((name) => addressesOf(entry, name));
  return [...new Set(values)].flatMap((value): Mailbox[] => {
    const mailbox = parseMailbox(value);
    if (mailbox !== undefined) return [mailbox];
    onBadAddress(value);
    return [];
  });
}

/**
 * The addresses in an attribute. In proxyAddresses each value begins with its type: of smtp are mail
 * addresses, the primary one in capitals.
 */
export function addressesOf(entry: Entry, name: string): readonly string[] {
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

/** A name or a value, as much of it as is shown in the log. */
export function shown(text: string): string {
  return text.slice(0, 200);
}
