import { boolean, octets, tags, tlv, type Chunks } from './ber.ts';

/** What stands in a filter for a value that is known later. */
type Placeholder = 'login' | 'dn' | 'uid' | CertificateName;

/** What of a certificate enters a filter. */
export type CertificateName = 'email' | 'dns' | 'subject';

/** What placeholders stand for, as the octets of values, which can never become syntax. */
type Values = Readonly<Partial<Record<Placeholder, Uint8Array>>>;

/** A filter that was parsed once. */
type Filter = (values: Values) => Chunks;

/** One that a login enters. */
export type LoginFilter = (login: Uint8Array) => Chunks;

/** One that an account enters, as its DN and one `uid` of it. */
export interface AccountFilter {
  readonly filter: (account: { readonly dn: Uint8Array; readonly uid?: Uint8Array }) => Chunks;
  readonly usesUid: boolean;
}

/** RFC 4512 §2.5: an attribute description, by name or OID, with options. */
export const attributePattern = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?:;[A-Za-z0-9-]+)*$/;

/** Reads the setting `filter` (RFC 4515); throws an Error that names the column, or one that says that {login} is missing. */
export function parseFilter(text: string): LoginFilter {
  const { filter, used } = parsed(text, ['login']);
  if (used.has('login')) return (login) => filter({ login });
  throw new Error('the filter has no {login}: it would find the same entries for everybody');
}

/** Reads it where the entry is known already: it needs no {login}. */
export function parseCondition(text: string): LoginFilter {
  const { filter } = parsed(text, ['login']);
  return (login) => filter({ login });
}

/** Reads a filter that finds something of an account; throws as `parseFilter` does. */
export function parseAccountFilter(text: string): AccountFilter {
  const { filter, used } = parsed(text, ['dn', 'uid']);
  if (used.size > 0) return { filter, usesUid: used.has('uid') };
  throw new Error('the filter has neither {dn} nor {uid}: it would find the same entries for everybody');
}

/** One that a name of a certificate enters. */
export interface CertificateFilter {
  readonly filter: (name: Uint8Array) => Chunks;
  readonly of: CertificateName;
}

const certificateNames: readonly CertificateName[] = ['email', 'dns', 'subject'];

/** Reads a filter that finds the account of a certificate by one kind of its names; throws as `parseFilter` does. */
export function parseCertificateFilter(text: string): CertificateFilter {
  const { filter, used } = parsed(text, certificateNames);
  const [of, another] = certificateNames.filter((name) => used.has(name));
  if (of === undefined)
    throw new Error(
      'the filter has no {email}, {dns} or {subject}: it would find the same entries for everybody',
    );
  if (another)
    throw new Error('the filter has placeholders of two kinds: a certificate may have several of each');
  return { filter: (name) => filter({ [of]: name }), of };
}

/**
 * Reads the setting `filter` for who is found otherwise than by a login: in place of each comparison with {login} the attribute
 * has to be there. What else an account has to meet, it still has to.
 */
export function parseForAnyLogin(text: string): Chunks {
  return parsed(text, ['login'], true).filter({});
}

/** The attributes that a filter compares, as it writes them; in a value a parenthesis is escaped (RFC 4515 §3). */
export function attributesIn(text: string): readonly string[] {
  const items = text.matchAll(/\(\s*([A-Za-z0-9][A-Za-z0-9.;-]*)(?::[^=()]*)?[~<>]?=/g);
  return [...new Set([...items].map(([, attribute = '']) => attribute))];
}

/** What one of these filters finds. */
export function anyOf(filters: readonly Chunks[]): Chunks {
  return tlv(filterTags.or, ...filters);
}

/** What all of these filters find. */
export function allOf(filters: readonly Chunks[]): Chunks {
  return tlv(filterTags.and, ...filters);
}

/** Entries that have a value. */
export function hasValue(attribute: string, value: string): Chunks {
  return tlv(filterTags.equality, octets(attribute), octets(value));
}

function parsed(text: string, known: readonly Placeholder[], isForAny = false) {
  const parser = new Parser(text, known, isForAny);
  const filter = parser.filter();
  parser.end();
  return { filter, used: parser.used };
}

/** A value in pieces; the name of a placeholder is where its value goes. */
type Value = readonly (Uint8Array | Placeholder)[];

/** RFC 4511 §4.5.1.7. */
const filterTags = {
  and: 0xa0,
  or: 0xa1,
  not: 0xa2,
  equality: 0xa3,
  substrings: 0xa4,
  present: 0x87,
  extensible: 0xa9,
} as const;
const comparisons = { '>=': 0xa5, '<=': 0xa6, '~=': 0xa8 } as const;
const rulePattern = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)$/;

class Parser {
  readonly #text: string;
  readonly #known: readonly Placeholder[];
  /** What stands for a login is not compared. */
  readonly #isForAny: boolean;
  #at = 0;
  readonly used = new Set<Placeholder>();

  constructor(text: string, known: readonly Placeholder[], isForAny: boolean) {
    this.#text = text;
    this.#known = known;
    this.#isForAny = isForAny;
  }

  filter(): Filter {
    this.#expect('(');
    const filter = this.#body();
    this.#expect(')');
    return filter;
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('text after the end of the filter');
  }

  #body(): Filter {
    const operator = this.#text[this.#at];
    if (operator === '&') return this.#list(filterTags.and);
    if (operator === '|') return this.#list(filterTags.or);
    if (operator !== '!') return this.#item();
    this.#at += 1;
    const negated = this.filter();
    return (values) => tlv(filterTags.not, negated(values));
  }

  #list(tag: number): Filter {
    this.#at += 1;
    const parts: Filter[] = [];
    do {
      parts.push(this.filter());
      this.#skipSpace();
    } while (this.#text[this.#at] === '(');
    return (values) => tlv(tag, ...parts.map((part) => part(values)));
  }

  #item(): Filter {
    const start = this.#at;
    const [, attribute = '', matching = '', operator = ''] =
      this.#match(/([A-Za-z0-9.;-]*)((?::[A-Za-z0-9.-]+)*)(:=|[~<>]?=)/y) ??
      this.#fail('expected an attribute and =, >=, <=, ~= or :=');
    if (operator === ':=') return this.#extensible(start, attribute, matching);
    if (matching !== '') this.#fail('a matching rule needs :=');
    if (!attributePattern.test(attribute)) this.#fail('no attribute description (RFC 4512)', start);
    if (operator === '=') return this.#equality(attribute);
    const value = this.#value();
    if (this.#isOpen(value)) return present(attribute);
    return compare(comparisons[operator as keyof typeof comparisons], attribute, value);
  }

  /** RFC 4515 §3: an asterisk alone asks for presence, asterisks in a value make it a substring assertion. */
  #equality(attribute: string): Filter {
    const first = this.#value();
    const more: Value[] = [];
    while (this.#text[this.#at] === '*') {
      this.#at += 1;
      more.push(this.#value());
    }
    if (this.#isOpen([first, ...more].flat())) return present(attribute);
    const final = more.pop();
    if (final === undefined) return compare(filterTags.equality, attribute, first);
    if (first.length + more.length + final.length === 0) return present(attribute);
    if (more.some((any) => any.length === 0)) this.#fail('two asterisks in a row');
    const parts = [
      ...(first.length === 0 ? [] : [{ tag: 0x80, value: first }]),
      ...more.map((any) => ({ tag: 0x81, value: any })),
      ...(final.length === 0 ? [] : [{ tag: 0x82, value: final }]),
    ];
    return (values) => {
      const pieces = parts.map(({ tag, value }) => tlv(tag, fill(value, values)));
      return tlv(filterTags.substrings, octets(attribute), tlv(tags.sequence, ...pieces));
    };
  }

  /** RFC 4511 §4.5.1.7.7, such as Active Directory's `(userAccountControl:1.2.840.113556.1.4.803:=2)`. */
  #extensible(start: number, attribute: string, matching: string): Filter {
    const [, dn, rule] =
      /^(:dn)?(?::([^:]+))?$/i.exec(matching) ?? this.#fail('more than one matching rule', start);
    if (attribute === '' && rule === undefined) this.#fail('neither attribute nor matching rule', start);
    if (attribute !== '' && !attributePattern.test(attribute)) this.#fail('no attribute description', start);
    if (rule !== undefined && !rulePattern.test(rule)) this.#fail('no matching rule', start);
    const ruleField = rule === undefined ? [] : octets(rule, 0x81);
    const typeField = attribute === '' ? [] : octets(attribute, 0x82);
    const dnField = dn === undefined ? [] : boolean(true, 0x84);
    const value = this.#value();
    if (this.#isOpen(value)) return present(attribute);
    return (values) =>
      tlv(filterTags.extensible, ruleField, typeField, tlv(0x83, fill(value, values)), dnField);
  }

  /** Whether a comparison is with any login. */
  #isOpen(value: Value): boolean {
    return this.#isForAny && value.includes('login');
  }

  /** Reads up to an asterisk or parenthesis. Braces other than placeholders are refused: they are mistakes more often than data. */
  #value(): Value {
    const parts: Value[number][] = [];
    for (let part = this.#part(); part !== undefined; part = this.#part()) parts.push(part);
    return parts;
  }

  #part(): Value[number] | undefined {
    const placeholder = this.#known.find((name) => this.#text.startsWith(`{${name}}`, this.#at));
    if (placeholder === undefined) return this.#literal();
    this.#at += placeholder.length + 2;
    this.used.add(placeholder);
    return placeholder;
  }

  #literal(): Uint8Array | undefined {
    const plain = this.#match(/[^\0()*\\{}]+/y);
    if (plain !== undefined) return Buffer.from(plain[0], 'utf8');
    const escaped = this.#match(/\\([0-9A-Fa-f]{2})/y);
    if (escaped?.[1] !== undefined) return Buffer.from(escaped[1], 'hex');
    const next = this.#text[this.#at];
    if (next === '\\') this.#fail('a backslash needs two hexadecimal digits');
    if (next === '{' || next === '}')
      this.#fail(`${this.#placeholders()}; other braces are written \\7b and \\7d`);
    if (next === '\0') this.#fail('a NUL is written \\00');
    return undefined;
  }

  #placeholders(): string {
    const names = this.#known.map((name) => `{${name}}`);
    return names.length === 1
      ? `the only placeholder is ${names.join('')}`
      : `placeholders are ${[names.slice(0, -1).join(', '), ...names.slice(-1)].join(' and ')}`;
  }

  /** White space around the parentheses is harmless, and lets a long filter stand on several lines of YAML. */
  #skipSpace(): void {
    this.#match(/\s+/y);
  }

  #expect(character: string): void {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) this.#fail(`expected "${character}"`);
    this.#at += 1;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }

  #fail(problem: string, at = this.#at): never {
    throw new Error(`filter, column ${at + 1}: ${problem}`);
  }
}

/** Of a matching rule for any attribute nothing is left but that there is an entry. */
function present(attribute: string): Filter {
  return () => octets(attribute || 'objectClass', filterTags.present);
}

function compare(tag: number, attribute: string, value: Value): Filter {
  return (values) => tlv(tag, octets(attribute), tlv(tags.octets, fill(value, values)));
}

function fill(value: Value, values: Values): Chunks {
  return value.map((part) => (typeof part === 'string' ? valueOf(part, values) : part));
}

function valueOf(placeholder: Placeholder, values: Values): Uint8Array {
  const value = values[placeholder];
  if (value === undefined) throw new Error(`the filter needs a value for {${placeholder}}`);
  return value;
}
