/**
 * Decodes base64 (RFC 4648 §4) strictly: padded, no other characters, no stray bits. `undefined` otherwise.
 * Works on bytes, because a string made of a password could not be overwritten afterwards.
 */
export function decodeBase64(text: Buffer): Buffer | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = countPadding(text);
  // Not Buffer.alloc: V8 keeps small ones on its own heap, and copies them when they are sliced.
  const decoded = Buffer.from(new ArrayBuffer((text.length / 4) * 3 - padding));
  for (let group = 0; group < text.length / 4; group += 1) {
    const bits = groupBits(text, group * 4, group * 4 === text.length - 4 ? padding : 0);
    if (bits === undefined) return undefined;
    for (let byte = 0; byte < 3 && group * 3 + byte < decoded.length; byte += 1) {
      decoded[group * 3 + byte] = (bits >> (16 - 8 * byte)) & 0xff;
    }
  }
  return decoded;
}

function countPadding(text: Buffer): number {
  if (text.at(-1) !== 0x3d) return 0;
  return text.at(-2) === 0x3d ? 2 : 1;
}

/** The 24 bits of four characters, of which the last `padding` are `=`; `undefined` when they are not base64. */
function groupBits(text: Buffer, offset: number, padding: number): number | undefined {
  let bits = 0;
  for (let index = 0; index < 4; index += 1) {
    const isPadding = index >= 4 - padding;
    const value = isPadding ? 0 : valueOf(text[offset + index] ?? 0);
    if (value === undefined) return undefined;
    bits = (bits << 6) | value;
  }
  const stray = padding === 0 ? 0 : bits & (padding === 1 ? 0xff : 0xffff);
  return stray === 0 ? bits : undefined;
}

function valueOf(character: number): number | undefined {
  if (character >= 0x41 && character <= 0x5a) return character - 0x41;
  if (character >= 0x61 && character <= 0x7a) return character - 0x61 + 26;
  if (character >= 0x30 && character <= 0x39) return character - 0x30 + 52;
  if (character === 0x2b) return 62;
  return character === 0x2f ? 63 : undefined;
}
