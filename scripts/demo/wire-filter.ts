import ldapjs, { type BerReader } from 'ldapjs';
import { type Element, elements } from './ber.ts';

/** A filter as it came over the wire; ldapjs takes anything with this tag for a filter of its own. */
export class WireFilter {
  readonly [Symbol.toStringTag] = 'FilterString';
  readonly element: Element;

  constructor(element: Element) {
    this.element = element;
  }
}

/** Makes ldapjs hand on the filter as it came; why, `selects` in filter.ts says. */
export function keepFiltersAsTheyCame(): void {
  ldapjs.SearchRequest.parseToPojo = parseSearch;
}

/** Keeps ldapjs from reading the controls of a bind: it breaks on the one of password policies, which has no value. */
export function ignoreControlsOfBinds(): void {
  ldapjs.BindRequest.parseToPojo = (ber) => {
    const bind = parseBind(ber);
    for (let tag = ber.peek(); tag !== null; tag = ber.peek()) ber.readRawBuffer(tag);
    return bind;
  };
}

const parseBind = ldapjs.BindRequest.parseToPojo.bind(ldapjs.BindRequest);

/** RFC 4511 §4.5.1. What throws here makes ldapjs close the connection. */
function parseSearch(ber: BerReader): object {
  const operation = at(elements(ber.readRawBuffer(ber.peek())), 0);
  const fields = elements(operation.value);
  return {
    protocolOp: operation.tag,
    baseObject: text(at(fields, 0)),
    scope: integer(at(fields, 1)),
    derefAliases: integer(at(fields, 2)),
    sizeLimit: integer(at(fields, 3)),
    timeLimit: integer(at(fields, 4)),
    typesOnly: integer(at(fields, 5)) !== 0,
    filter: new WireFilter(at(fields, 6)),
    attributes: elements(at(fields, 7).value).map(text),
  };
}

function at(list: readonly Element[], index: number): Element {
  const element = list[index];
  if (element === undefined) throw new RangeError('search request with a field missing');
  return element;
}

function text(element: Element): string {
  return element.value.toString('utf8');
}

function integer(element: Element): number {
  return element.value.readIntBE(0, element.value.length);
}
