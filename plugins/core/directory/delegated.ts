import { makeMailbox, parseMailbox, type Mailbox } from '../mailbox.ts';
import { grants, parseAddressPattern, parsePair, type Delegated, type Pair } from '../rights.ts';
import type { Grant } from '../words.ts';
import type { Entry } from './messages.ts';
import type { DirectorySettings } from './settings.ts';
import { addressesOf, valuesOf } from './values.ts';

/** What an entry says of rights to write beside its own addresses. */
export interface ReadRights {
  /** Further mailboxes that are as good as its own. */
  readonly sendAs: readonly Mailbox[];
  readonly delegated: Delegated;
}

/** Hears of a value that cannot be read: it gives no right. */
export type OnBadRight = (attribute: string, value: string) => void;

/** The attributes that rights are read from. */
export function rightsAttributes(settings: DirectorySettings): readonly string[] {
  const { send_as_attributes, on_behalf_attributes, grants_attribute, pairs_attribute } = settings;
  return [...send_as_attributes, ...on_behalf_attributes, grants_attribute, pairs_attribute].filter(
    (name) => name !== '',
  );
}

/** Reads them all. */
export function rightsOf(entry: Entry, settings: DirectorySettings, onBad: OnBadRight): ReadRights {
  const patterns = read(settings.send_as_attributes, entry, parseAddressPattern, onBad);
  return {
    sendAs: patterns.flatMap(({ local, domain }) => makeMailbox(local, domain) ?? []),
    delegated: {
      domains: patterns.flatMap(({ local, domain }) => (local === undefined ? [domain] : [])),
      onBehalf: read(settings.on_behalf_attributes, entry, readAddress, onBad),
      grants: grantsOf(entry, settings, onBad),
      pairs: pairsOf(entry, settings, onBad),
    },
  };
}

function read<T>(
  names: readonly string[],
  entry: Entry,
  parse: (text: string) => T | undefined,
  onBad: OnBadRight,
): readonly T[] {
  return names.flatMap((name) =>
    addressesOf(entry, name).flatMap((value): T[] => {
      const found = parse(value.trim());
      if (found !== undefined) return [found];
      onBad(name, value);
      return [];
    }),
  );
}

/** A wildcard is none here: taken for a local-part it would be nobody's address, and whoever wrote it would not hear of it. */
function readAddress(text: string): Mailbox | undefined {
  return text.startsWith('*@') ? undefined : parseMailbox(text);
}

function grantsOf(entry: Entry, { grants_attribute: name }: DirectorySettings, onBad: OnBadRight): Grant[] {
  const given = valuesOf(entry, name).flatMap((value): Grant[] => {
    const grant = grants.find((each) => each === value.trim().toLowerCase());
    if (grant !== undefined) return [grant];
    onBad(name, value);
    return [];
  });
  return [...new Set(given)];
}

/** No mailbox has a domain without a name. */
const nobody: Pair = { envelope: { domain: '' }, header: { domain: '' } };

/** Whether a pair stands for all those of an account that nobody could read. */
export function isUnreadable({ header }: Pair): boolean {
  return header.domain === '';
}

/** An account whose pairs cannot be read is one that may write nothing, and not one that has none. */
function pairsOf(entry: Entry, { pairs_attribute: name }: DirectorySettings, onBad: OnBadRight): Pair[] {
  const values = valuesOf(entry, name);
  const pairs = values.flatMap((value): Pair[] => {
    const pair = parsePair(value.trim());
    if (pair) return [pair];
    onBad(name, value);
    return [];
  });
  return pairs.length === 0 && values.length > 0 ? [nobody] : pairs;
}
