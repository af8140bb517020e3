/**
 * A second opinion on what a server says: it reads BER as a tree first, and looks for meaning afterwards, which the client
 * does not. What both take for an answer is one.
 */
export type Said =
  | { readonly kind: 'bind'; readonly id: number; readonly code: number; readonly policy: string }
  | { readonly kind: 'extended' | 'search-done'; readonly id: number; readonly code: number }
  | { readonly kind: 'search-reference'; readonly id: number }
  | {
      readonly kind: 'search-entry';
      readonly id: number;
      readonly dn: string;
      readonly attributes: readonly (readonly [type: string, ...values: string[]])[];
    };

interface Node {
  readonly tag: number;
  readonly bytes: Buffer;
  readonly children: readonly Node[];
}

class Unreadable extends Error {}

/** Everything in `bytes`, or `undefined` where an octet of it is out of place. Values are in latin1, names in UTF-8. */
export function readAll(bytes: Buffer): Said[] | undefined {
  try {
    return nodesIn(bytes).map(meaningOf);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

/** The messages in `bytes` until one cannot be read: whoever has heard enough before has heard the truth. */
export function readWhile(bytes: Buffer): Said[] {
  const said: Said[] = [];
  let rest = bytes;
  for (let length = lengthIn(rest); length !== undefined; length = lengthIn(rest)) {
    const next = readAll(rest.subarray(0, length));
    if (next?.length !== 1) break;
    said.push(...next);
    rest = rest.subarray(length);
  }
  return said;
}

function lengthIn(bytes: Buffer): number | undefined {
  try {
    return lengthOfFirst(bytes);
  } catch {
    return undefined;
  }
}

function fail(): never {
  throw new Unreadable();
}

function lengthOfFirst(bytes: Buffer): number {
  const first = bytes[1] ?? fail();
  if (first < 0x80) return 2 + first;
  const size = first & 0x7f;
  if (size < 1 || size > 4 || bytes.length < 2 + size) return fail();
  return 2 + size + bytes.readUIntBE(2, size);
}

function nodesIn(bytes: Buffer): Node[] {
  const nodes: Node[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const tag = rest[0] ?? fail();
    const length = lengthOfFirst(rest);
    if (length > rest.length || (tag & 0x1f) === 0x1f) return fail();
    const header = (rest[1] ?? 0) < 0x80 ? 2 : 2 + ((rest[1] ?? 0) & 0x7f);
    const content = rest.subarray(header, length);
    nodes.push({ tag, bytes: content, children: (tag & 0x20) === 0 ? [] : nodesIn(content) });
    rest = rest.subarray(length);
  }
  return nodes;
}

/** RFC 4511 §4.1.1. */
function meaningOf({ tag, children }: Node): Said {
  const [number, operation, controls, ...more] = children;
  if (tag !== 0x30 || !number || !operation || more.length > 0) return fail();
  if (controls && controls.tag !== 0xa0) return fail();
  const id = numberIn(number, 0x02);
  const policy = policyIn(controls?.children ?? [], operation.tag === 0x61);
  return operation.tag === 0x64
    ? { kind: 'search-entry', id, ...entryIn(operation) }
    : shortAnswer(operation, id, policy);
}

function shortAnswer(operation: Node, id: number, policy: string): Said {
  switch (operation.tag) {
    case 0x61:
      return { kind: 'bind', id, code: codeIn(operation, [0x87]), policy };
    case 0x78:
      return { kind: 'extended', id, code: codeIn(operation, [0x8a, 0x8b]) };
    case 0x65:
      return { kind: 'search-done', id, code: codeIn(operation, []) };
    case 0x73:
      all(operation.children, 0x04);
      return { kind: 'search-reference', id };
    default:
      return fail();
  }
}

/** RFC 4511 §4.1.9. */
function codeIn({ children }: Node, optional: readonly number[]): number {
  const [code, matched, diagnostic, ...rest] = children;
  if (!code || matched?.tag !== 0x04 || diagnostic?.tag !== 0x04) return fail();
  const allowed = [0xa3, ...optional];
  const places = rest.map(({ tag }) => allowed.indexOf(tag));
  const isInOrder = places.every((place, index) => place !== -1 && place > (places[index - 1] ?? -1));
  if (!isInOrder) return fail();
  if (rest[0]?.tag === 0xa3) all(rest[0].children, 0x04);
  return numberIn(code, 0x0a);
}

function entryIn({ children }: Node): Pick<Extract<Said, { kind: 'search-entry' }>, 'dn' | 'attributes'> {
  const [dn, list, ...more] = children;
  if (list?.tag !== 0x30 || more.length > 0) return fail();
  all(list.children, 0x30);
  const attributes = list.children.map(({ children: [type, set, ...others] }) => {
    if (set?.tag !== 0x31 || others.length > 0) return fail();
    all(set.children, 0x04);
    return [nameIn(type), ...set.children.map(({ bytes }) => bytes.toString('latin1'))] as const;
  });
  return { dn: nameIn(dn), attributes };
}

/** The error of a password policy: its number, or nothing. */
function policyIn(controls: readonly Node[], isBind: boolean): string {
  all(controls, 0x30);
  const found = controls.flatMap(({ children: [name, ...rest] }) => {
    const places = rest.map(({ tag }) => [0x01, 0x04].indexOf(tag));
    if (places.includes(-1) || rest.length > 2 || (rest.length === 2 && places[0] !== 0)) return fail();
    if (rest.length === 2 && places[1] !== 1) return fail();
    const value = rest.find(({ tag }) => tag === 0x04)?.bytes;
    return nameIn(name) === '1.3.6.1.4.1.42.2.27.8.5.1' ? [value] : [];
  });
  if (!isBind || found.length === 0) return '';
  const [value] = found;
  return value && found.length === 1 ? errorIn(value) : fail();
}

/** draft-behera-ldap-password-policy-10 §6.2: [warning] [error]. */
function errorIn(value: Buffer): string {
  const [response, ...more] = nodesIn(value);
  if (response?.tag !== 0x30 || more.length > 0) return fail();
  const [first, ...rest] = response.children;
  const hasWarning = first?.tag === 0xa0;
  if (hasWarning) checkWarning(first);
  const [error, ...others] = hasWarning ? rest : response.children;
  if (others.length > 0) return fail();
  return error ? String(numberIn(error, 0x81)) : '';
}

function checkWarning({ children: [warning, ...more] }: Node): void {
  if (!warning || more.length > 0) return fail();
  numberIn(warning, warning.tag === 0x80 ? 0x80 : 0x81);
}

function all(nodes: readonly Node[], tag: number): void {
  if (nodes.some((node) => node.tag !== tag)) fail();
}

function nameIn(node: Node | undefined): string {
  if (node?.tag !== 0x04) return fail();
  const text = node.bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(node.bytes) ? text : fail();
}

function numberIn({ tag, bytes }: Node, wanted: number): number {
  if (tag !== wanted || bytes.length < 1 || bytes.length > 4) return fail();
  const value = bytes.readIntBE(0, bytes.length);
  return value < 0 ? fail() : value;
}
