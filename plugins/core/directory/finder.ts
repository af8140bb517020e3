import type { Deadline } from '../deadline.ts';
import type { Attempts } from './attempts.ts';
import { isBindName, parseDnTemplate, type DnTemplate } from './dn.ts';
import { parseCondition, parseFilter, type LoginFilter } from './filter.ts';
import { resultCode, type Entry, type SearchRequest } from './messages.ts';
import { isMissing, type Pool } from './pool.ts';
import type { DirectorySettings } from './settings.ts';
import { shown } from './values.ts';

/** An account is searched by asking for two: finding both is an alarm. */
const wantedEntries = 2;

export interface FinderOptions {
  readonly attempts: Attempts;
  readonly pool: Pool;
  /** Tells the operator, and makes the error that ends the login. */
  readonly alarm: (problem: string) => Error;
}

type Wanted = Pick<SearchRequest, 'filter' | 'attributes'>;

interface Found {
  readonly entries: readonly Entry[];
  readonly isMore: boolean;
}

/** What several searches found; one base may lie below another, and then they find the same. */
export function together(found: readonly Found[]): Found {
  const entries = new Map(found.flatMap((each) => each.entries.map((entry) => [entry.dn, entry])));
  return { entries: [...entries.values()], isMore: found.some(({ isMore }) => isMore) };
}

/** Which entries were found where one was looked for: whoever mends the directory need not search for them. */
export function entriesInWords({ entries, isMore }: Found): string {
  const names = entries.map(({ dn }) => shown(dn));
  const rest = names.length === 0 ? 'several entries' : 'others';
  return [...names, ...(isMore ? [rest] : [])].join(' and ');
}

/** Finds the entry of a login. The directory compares: it knows which letters and spaces matter. */
export class Finder {
  readonly #options: FinderOptions;
  readonly #filter: LoginFilter;
  readonly #bases: readonly string[];
  readonly #template: DnTemplate | undefined;
  readonly #timeLimitSeconds: number;

  /** Throws an Error for settings that cannot be used. */
  constructor(settings: DirectorySettings, options: FinderOptions) {
    const { base, bind_template, filter } = settings;
    this.#options = options;
    this.#bases = [base ?? []].flat();
    this.#template = bind_template === undefined ? undefined : parseDnTemplate(bind_template);
    this.#filter = bind_template === undefined ? parseFilter(filter) : parseCondition(filter);
    this.#timeLimitSeconds = Math.ceil(settings.operation_timeout_seconds);
  }

  /** The name of the entry, where it follows from the login. */
  dnOf(login: string): string | undefined {
    return this.#template?.(login);
  }

  /** The one entry of a login, or the entry `dn`. */
  async find(
    login: string,
    deadline: Deadline,
    attributes: readonly string[],
    dn?: string,
  ): Promise<Entry | undefined> {
    const filter = this.#filter(Buffer.from(login, 'utf8'));
    const found = await this.#search({ filter, attributes }, deadline, dn);
    const [entry] = found.entries;
    if (found.entries.length > 1 || found.isMore) {
      throw this.#options.alarm(
        `the login ${JSON.stringify(login)} is ambiguous: it is that of ${entriesInWords(found)}`,
      );
    }
    if (entry !== undefined && !isBindName(entry.dn)) {
      throw this.#options.alarm(`the entry of ${JSON.stringify(login)} has a name by which nobody can bind`);
    }
    return entry;
  }

  /** The entries below the bases that a filter finds: two at most, and whether there are more. */
  search(wanted: Wanted, deadline: Deadline): Promise<Found> {
    return this.#search(wanted, deadline);
  }

  async #search({ filter, attributes }: Wanted, deadline: Deadline, dn?: string): Promise<Found> {
    const { attempts, pool } = this.#options;
    const bases = dn === undefined ? this.#bases : [dn];
    const request = {
      scope: dn === undefined ? ('subtree' as const) : ('base' as const),
      ...{ filter, attributes },
      setting: dn === undefined ? 'directory.base' : 'directory.bind_template',
      timeLimitSeconds: this.#timeLimitSeconds,
      sizeLimit: wantedEntries,
    } satisfies Omit<SearchRequest, 'base'>;
    const answers = await attempts.make(deadline, (server, time) =>
      Promise.all(bases.map((base) => pool.search(server, { base, ...request }, time))),
    );
    return together(
      answers.map(({ entries, result }) => ({
        entries,
        isMore: result.code === resultCode.sizeLimitExceeded,
      })),
    );
  }

  /** A DN made of a login may be nobody's, and the server has answered then. */
  async unlessMissing<T>(work: Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (this.#template && isMissing(error)) return otherwise;
      throw error;
    }
  }
}
