import { type Address, parseAddress4, parseAddress6 } from './address.ts';
import { type DomainSpec, parseDomainSpec, parseMacroString, RecordError } from './macro-string.ts';
import { printable } from './octets.ts';

/** The results that a qualifier gives (RFC 7208 §4.6.2). */
export type QualifiedResult = 'pass' | 'fail' | 'softfail' | 'neutral';

/** A mechanism with its qualifier. */
export interface Directive {
  /** As it stands in the record. */
  readonly text: string;
  readonly result: QualifiedResult;
  readonly mechanism: Mechanism;
}

export type Mechanism =
  | { readonly kind: 'all' }
  | { readonly kind: 'include' | 'exists'; readonly target: DomainSpec }
  | ({ readonly kind: 'a' | 'mx'; readonly target: DomainSpec | undefined } & PrefixLengths)
  | { readonly kind: 'ptr'; readonly target: DomainSpec | undefined }
  | { readonly kind: 'ip4' | 'ip6'; readonly network: Address; readonly prefix: number };

/** How many bits of an address count (§5.3). */
export interface PrefixLengths {
  readonly prefix4: number;
  readonly prefix6: number;
}

/** A record whose whole grammar was checked (§4.6). */
export interface SpfRecord {
  readonly text: string;
  readonly directives: readonly Directive[];
  readonly redirect?: Modifier;
  /** `exp` (§6.2). */
  readonly explanation?: Modifier;
}

export interface Modifier {
  readonly text: string;
  readonly target: DomainSpec;
}

/** No honest record comes near: 64 KiB of short terms would hold up everybody's mail. */
const mostTerms = 2000;

const qualifiers = { '': 'pass', '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' } as const;

/**
 * Reads the octets of a record; throws RecordError.
 *
 * record  = version terms *SP
 * version = "v=spf1"
 * terms   = *( 1*SP ( directive / modifier ) )
 */
export function parseRecord(text: string): SpfRecord {
  const terms = text
    .slice('v=spf1'.length)
    .split(' ')
    .filter((term) => term !== '');
  if (terms.length > mostTerms) throw new RecordError(`more than ${mostTerms} terms`);
  const directives: Directive[] = [];
  const modifiers: { redirect?: Modifier; explanation?: Modifier } = {};
  for (const term of terms) {
    const directive = parseTerm(term, modifiers);
    if (directive) directives.push(directive);
  }
  return { text, directives, ...modifiers };
}

/**
 * directive = [ qualifier ] mechanism
 * qualifier = "+" / "-" / "?" / "~"
 * name      = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
 *
 * §4.6.1: a modifier has "=" right after its name, before any ":" or "/".
 */
const termPattern = /^([+?~-]?)([a-z][a-z0-9._-]*)(=|(?=[:/])|$)/i;

function parseTerm(
  term: string,
  modifiers: { redirect?: Modifier; explanation?: Modifier },
): Directive | undefined {
  const [head = '', qualifier = '', name = '', sign] = termPattern.exec(term) ?? fail(term, 'no term');
  const rest = term.slice(head.length);
  try {
    if (sign !== '=') {
      const result = qualifiers[qualifier as keyof typeof qualifiers];
      return { text: term, result, mechanism: parseMechanism(name.toLowerCase(), rest) };
    }
    if (qualifier !== '') throw new RecordError('a modifier has no qualifier');
    parseModifier(term, name.toLowerCase(), rest, modifiers);
    return undefined;
  } catch (error) {
    return fail(term, (error as Error).message);
  }
}

function fail(term: string, problem: string): never {
  throw new RecordError(`${printable(term, 60)}: ${problem}`);
}

/**
 * redirect         = "redirect" "=" domain-spec
 * explanation      = "exp" "=" domain-spec
 * unknown-modifier = name "=" macro-string
 *
 * §6: redirect and exp stand once; what is unknown is ignored, but for its syntax.
 */
function parseModifier(
  text: string,
  name: string,
  value: string,
  modifiers: { redirect?: Modifier; explanation?: Modifier },
): void {
  if (name !== 'redirect' && name !== 'exp') {
    parseMacroString(value);
    return;
  }
  const field = name === 'exp' ? 'explanation' : 'redirect';
  if (modifiers[field]) throw new RecordError(`a second ${name}`);
  modifiers[field] = { text, target: parseDomainSpec(value) };
}

/**
 * all     = "all"
 * include = "include" ":" domain-spec
 * a       = "a"       [ ":" domain-spec ] [ dual-cidr-length ]
 * mx      = "mx"      [ ":" domain-spec ] [ dual-cidr-length ]
 * ptr     = "ptr"     [ ":" domain-spec ]
 * ip4     = "ip4"     ":" ip4-network [ ip4-cidr-length ]
 * ip6     = "ip6"     ":" ip6-network [ ip6-cidr-length ]
 * exists  = "exists"  ":" domain-spec
 */
function parseMechanism(name: string, rest: string): Mechanism {
  switch (name) {
    case 'all':
      if (rest !== '') throw new RecordError('"all" stands alone');
      return { kind: name };
    case 'include':
    case 'exists':
      return { kind: name, target: parseDomainSpec(argument(rest)) };
    case 'a':
    case 'mx':
      return parseAddressMechanism(name, rest);
    case 'ptr':
      return { kind: name, target: rest === '' ? undefined : parseDomainSpec(argument(rest)) };
    case 'ip4':
      return parseNetwork(name, argument(rest), 32, parseAddress4);
    case 'ip6':
      return parseNetwork(name, argument(rest), 128, parseAddress6);
    default:
      throw new RecordError('unknown mechanism');
  }
}

function argument(rest: string): string {
  if (!rest.startsWith(':')) throw new RecordError('":" is missing');
  return rest.slice(1);
}

function parseAddressMechanism(kind: 'a' | 'mx', rest: string): Mechanism {
  const { target, prefix4, prefix6 } = cutPrefixLengths(rest);
  return { kind, target: target === '' ? undefined : parseDomainSpec(argument(target)), prefix4, prefix6 };
}

/**
 * dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ]
 *
 * A domain-spec may have "/" and digits within, but cannot end in them: read from the right, there is one way only.
 */
function cutPrefixLengths(text: string): PrefixLengths & { target: string } {
  let target = text;
  let prefix6 = 128;
  const slash = beforeDigits(target);
  if (target[slash] === '/' && target[slash - 1] === '/') {
    prefix6 = parseLength(target.slice(slash + 1), 128);
    target = target.slice(0, slash - 1);
  }
  const end = beforeDigits(target);
  if (target[end] !== '/') return { target, prefix4: 32, prefix6 };
  return { target: target.slice(0, end), prefix4: parseLength(target.slice(end + 1), 32), prefix6 };
}

function beforeDigits(text: string): number {
  let at = text.length - 1;
  while (isDigit(text.charCodeAt(at))) at -= 1;
  return at;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function parseNetwork(
  kind: 'ip4' | 'ip6',
  text: string,
  longest: number,
  parse: (text: string) => Address | undefined,
): Mechanism {
  const slash = text.indexOf('/');
  const network = parse(slash === -1 ? text : text.slice(0, slash));
  if (!network) throw new RecordError('no address');
  return { kind, network, prefix: slash === -1 ? longest : parseLength(text.slice(slash + 1), longest) };
}

/**
 * ip4-cidr-length = "/" ( "0" / %x31-39 0*1DIGIT ) ; value range 0-32
 * ip6-cidr-length = "/" ( "0" / %x31-39 0*2DIGIT ) ; value range 0-128
 */
function parseLength(digits: string, longest: number): number {
  if (!/^(?:0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > longest) {
    throw new RecordError(`no prefix length of 0 to ${longest}`);
  }
  return Number(digits);
}
