/** One element of BER: its tag and the bytes of its value. */
export interface Element {
  readonly tag: number;
  readonly value: Buffer;
}

/** The elements that stand one after the other in `bytes`, of definite length as RFC 4511 §5.1 demands. */
export function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { start, end } = extent(bytes, at + 1);
    found.push({ tag: bytes.readUInt8(at), value: bytes.subarray(start, end) });
    at = end;
  }
  return found;
}

function extent(bytes: Buffer, at: number): { start: number; end: number } {
  const first = bytes.readUInt8(at);
  const more = first < 0x80 ? 0 : first - 0x80; // how many bytes of length follow
  if (first === 0x80 || more > 4) throw new RangeError('length that LDAP does not allow');
  const start = at + 1 + more;
  const end = start + (more === 0 ? first : bytes.readUIntBE(at + 1, more));
  if (end > bytes.length) throw new RangeError('element longer than what holds it');
  return { start, end };
}
