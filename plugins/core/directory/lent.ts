import type { Mailbox } from '../mailbox.ts';
import { anyOf, parseAccountFilter, type AccountFilter } from './filter.ts';
import { Lookups, whole, type Search } from './lookups.ts';
import { resultCode, type Entry, type SearchRequest } from './messages.ts';
import { UnhelpfulAnswer } from './pool.ts';
import type { DirectorySettings } from './settings.ts';
import { mailboxesOf, valuesOf } from './values.ts';

/** Addresses of groups and shared mailboxes that an account may use. */
export interface Lent {
  readonly sendAs: readonly Mailbox[];
  readonly onBehalf: readonly Mailbox[];
}

export const nothingLent: Lent = { sendAs: [], onBehalf: [] };

/** A filter that finds more entries than these for one account was not meant. */
const mostEntries = 500;

/** Whether other entries than that of the account have a say in what it may write. */
export function asksOthers({ send_as_filter, on_behalf_filter }: DirectorySettings): boolean {
  return send_as_filter !== '' || on_behalf_filter !== '';
}

/** Finds the entries that lend an account their addresses. */
export class Lenders {
  readonly #settings: DirectorySettings;
  readonly #onBadAddress: (dn: string, value: string) => void;
  readonly lookups: Lookups<Lent>;

  /** `now` is a clock in milliseconds that only moves forward; throws an Error for settings that cannot be used. */
  constructor(
    settings: DirectorySettings,
    now: () => number,
    onBadAddress: (dn: string, value: string) => void,
  ) {
    const [sendAs, onBehalf] = [read(settings.send_as_filter), read(settings.on_behalf_filter)];
    this.#settings = settings;
    this.#onBadAddress = onBadAddress;
    this.lookups = new Lookups(now, async (entry, search) => {
      const found = await Promise.all([
        this.#addresses(sendAs, 'send_as_filter', entry, search),
        this.#addresses(onBehalf, 'on_behalf_filter', entry, search),
      ]);
      return { sendAs: found[0], onBehalf: found[1] };
    });
  }

  /** Whether the settings have any. */
  get matter(): boolean {
    return asksOthers(this.#settings);
  }

  async #addresses(
    filter: AccountFilter | undefined,
    setting: string,
    entry: Entry,
    search: Search,
  ): Promise<readonly Mailbox[]> {
    const asked = filter && filledIn(filter, entry);
    if (!asked) return [];
    const tooMany = () => {
      const problem = `directory.${setting} finds more than ${mostEntries} entries for one account`;
      return new UnhelpfulAnswer(`directory: ${problem}`, resultCode.sizeLimitExceeded);
    };
    const answers = await Promise.all(
      this.#requests(asked).map((request) => whole(search(request), tooMany)),
    );
    // One base may lie below another.
    const entries = new Map(answers.flat().map((each) => [each.dn, each]));
    return [...entries.values()].flatMap((each) =>
      mailboxesOf(each, this.#settings, (value) => this.#onBadAddress(each.dn, value)),
    );
  }

  #requests(filter: Filled): SearchRequest[] {
    const { group_base, base, address_attributes, operation_timeout_seconds } = this.#settings;
    const setting = group_base === undefined ? 'directory.base' : 'directory.group_base';
    return [group_base ?? base ?? []].flat().map((each) => ({
      ...{ base: each, setting },
      scope: 'subtree',
      filter,
      attributes: address_attributes,
      timeLimitSeconds: Math.ceil(operation_timeout_seconds),
      sizeLimit: mostEntries,
    }));
  }
}

type Filled = ReturnType<AccountFilter['filter']>;

function read(text: string): AccountFilter | undefined {
  return text === '' ? undefined : parseAccountFilter(text);
}

/** Of who has no `uid` a filter with {uid} finds nothing. */
function filledIn({ filter, usesUid }: AccountFilter, entry: Entry): Filled | undefined {
  const dn = Buffer.from(entry.dn);
  if (!usesUid) return filter({ dn });
  const uids = valuesOf(entry, 'uid');
  return uids.length === 0 ? undefined : anyOf(uids.map((uid) => filter({ dn, uid: Buffer.from(uid) })));
}
