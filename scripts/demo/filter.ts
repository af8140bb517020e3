import { type Element, elements } from './ber.ts';

/** What filters may see: values by attribute name in lower case, and the names that any entry may have. */
export interface Visible {
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  readonly known: ReadonlySet<string>;
}

/** RFC 4511 §4.5.1.7: a filter is true, false or undefined, and only true selects. */
type Truth = boolean | undefined;

/**
 * Whether a filter selects an entry, by the rules of OpenLDAP's caseIgnoreIA5Match for every attribute.
 * ldapjs's own filters compare with case, fail on an empty value, mangle characters of four bytes, and lose a
 * backslash at the end, so that the login `alice@corp.example\` would find Alice. (OpenLDAP 2.5 itself stops reading
 * such a value at a NUL; that is not imitated.)
 */
export function selects(filter: Element, entry: Visible): boolean {
  return evaluate(filter, entry) === true;
}

/** A value as it is compared: US-ASCII letters without case, spaces trimmed and squeezed. */
export function normalised(value: string): string {
  const squeezed = value.replace(/^ +| +$/g, '').replace(/ {2,}/g, ' ');
  return squeezed.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function evaluate(filter: Element, entry: Visible): Truth {
  switch (filter.tag) {
    case 0xa0:
      return all(parts(filter).map((part) => evaluate(part, entry)));
    case 0xa1:
      return not(all(parts(filter).map((part) => not(evaluate(part, entry)))));
    case 0xa2:
      return not(evaluate(part(filter, 0), entry));
    case 0xa3: // equality
    case 0xa8: // approximate: the same, where there is no phonetic rule
      return anyValue(text(part(filter, 0)), entry, equals(normalised(text(part(filter, 1)))));
    case 0xa4:
      return anyValue(text(part(filter, 0)), entry, contains(parts(part(filter, 1))));
    case 0x87:
      return anyValue(text(filter), entry, () => true);
    default:
      return undefined; // ordering and extensible matches, which these attributes do not have
  }
}

/** Undefined for an attribute that the schema does not know, or hides: `(!(userPassword=x))` selects nothing. */
function anyValue(name: string, entry: Visible, test: (value: string) => boolean): Truth {
  const key = name.toLowerCase();
  if (!entry.known.has(key)) return undefined;
  return (entry.attributes.get(key) ?? []).map(normalised).some(test);
}

function equals(wanted: string): (value: string) => boolean {
  return (value) => value === wanted;
}

function contains(pieces: readonly Element[]): (value: string) => boolean {
  return (value) => {
    let rest = value;
    return pieces.every((piece) => {
      const at = indexOfPiece(rest, piece);
      rest = rest.slice(at + normalised(text(piece)).length);
      return at >= 0;
    });
  };
}

/** RFC 4511 §4.5.1: 0x80 is how the value begins, 0x82 how it ends, 0x81 anywhere between. */
function indexOfPiece(rest: string, piece: Element): number {
  const wanted = normalised(text(piece));
  if (piece.tag === 0x80) return rest.startsWith(wanted) ? 0 : -1;
  if (piece.tag === 0x82) return rest.endsWith(wanted) ? rest.length - wanted.length : -1;
  return rest.indexOf(wanted);
}

function all(truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false;
  return truths.includes(undefined) ? undefined : true;
}

function not(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}

function parts(filter: Element): Element[] {
  return elements(filter.value);
}

function part(filter: Element, index: number): Element {
  const found = parts(filter)[index];
  if (found === undefined) throw new RangeError('filter with a part missing');
  return found;
}

function text(element: Element): string {
  return element.value.toString('utf8');
}
