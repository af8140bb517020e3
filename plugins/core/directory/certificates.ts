import type { CertificateNames } from '../certificate/names.ts';
import { attributeValues, isValueOf } from '../certificate/values.ts';
import type { Deadline } from '../deadline.ts';
import { loginAttributes } from './account.ts';
import type { Chunks } from './ber.ts';
import {
  allOf,
  anyOf,
  hasValue,
  parseCertificateFilter,
  parseForAnyLogin,
  type CertificateFilter,
} from './filter.ts';
import { entriesInWords, together, type Finder } from './finder.ts';
import type { Entry } from './messages.ts';
import type { DirectorySettings } from './settings.ts';
import { knowsCertificates } from './sources.ts';
import { shown, valuesOf } from './values.ts';

/** The one entry of a certificate, none, or that there are several, in words. */
export type Holder = { readonly entry?: Entry } | { readonly several: string };

interface Options {
  readonly finder: Finder;
  /** Tells the operator, and makes the error that ends the login. */
  readonly alarm: (problem: string) => Error;
}

/** Finds the entries of accounts by their certificates. */
export class CertificateHolders {
  readonly #settings: DirectorySettings;
  readonly #options: Options;
  readonly #match: CertificateFilter | undefined;
  /** What else an account has to meet. */
  readonly #condition: Chunks | undefined;
  readonly #attributes: readonly string[];

  /** Throws an Error for settings that cannot be used. */
  constructor(settings: DirectorySettings, options: Options) {
    const { certificate_match: match, certificate_attribute: attribute } = settings;
    this.#settings = settings;
    this.#options = options;
    this.#match = match === '' ? undefined : parseCertificateFilter(match);
    this.#condition = knowsCertificates(settings) ? parseForAnyLogin(settings.filter) : undefined;
    this.#attributes = [...loginAttributes(settings), ...(attribute === '' ? [] : [attribute])];
  }

  async find(names: CertificateNames, deadline: Deadline): Promise<Holder> {
    const found = await Promise.all([this.#byAttribute(names, deadline), this.#byMatch(names, deadline)]);
    const all = together(found);
    const [entry] = all.entries;
    if (all.entries.length > 1 || all.isMore) return { several: entriesInWords(all) };
    return entry ? { entry } : {};
  }

  async #byAttribute(names: CertificateNames, deadline: Deadline) {
    const { certificate_attribute: attribute } = this.#settings;
    if (attribute === '') return nothing;
    const wanted = attributeValues(names).map((value) => hasValue(attribute, value));
    const found = await this.#search(wanted, deadline);
    return { ...found, entries: found.entries.filter((entry) => this.#isOf(entry, names)) };
  }

  /** Without the values nobody can tell whether the server has compared as it should. */
  #isOf(entry: Entry, names: CertificateNames): boolean {
    const { certificate_attribute: attribute } = this.#settings;
    const values = valuesOf(entry, attribute);
    if (values.length > 0) return values.some((value) => isValueOf(names, value));
    throw this.#options.alarm(`${shown(entry.dn)}: ${attribute} may be searched for, and not be read`);
  }

  async #byMatch(names: CertificateNames, deadline: Deadline) {
    const match = this.#match;
    if (!match) return nothing;
    const { emails, hosts, subject } = names;
    const of = { email: emails, dns: hosts, subject: subject === undefined ? [] : [subject] }[match.of];
    if (of.length === 0) return nothing;
    return this.#search(
      of.map((name) => match.filter(Buffer.from(name))),
      deadline,
    );
  }

  #search(wanted: readonly Chunks[], deadline: Deadline) {
    const condition = this.#condition ? [this.#condition] : [];
    const filter = allOf([anyOf(wanted), ...condition]);
    return this.#options.finder.search({ filter, attributes: this.#attributes }, deadline);
  }
}

const nothing: { readonly entries: readonly Entry[]; readonly isMore: boolean } = {
  entries: [],
  isMore: false,
};
