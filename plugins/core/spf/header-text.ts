/** Octets of an identity that header fields tell; longer ones are in no honest session (RFC 5321 §4.5.3.1.3). */
const longestValue = 256;

/** RFC 5322 §3.2.3 dot-atom-text, ASCII only. */
const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
export const dotAtom = new RegExp(`^${atom}(?:\\.${atom})*$`);

/** Text that cannot end a line or a field: printable ASCII, of bounded length. */
export function harmless(text: string): string {
  return text.slice(0, longestValue).replace(/[^\x20-\x7e]/g, '?');
}

/** RFC 5322 §3.2.4. */
export function quotedString(text: string): string {
  return `"${harmless(text).replace(/["\\]/g, '\\$&')}"`;
}

/** RFC 5322 §3.2.2. */
export function comment(text: string): string {
  return `(${harmless(text).replace(/[()\\]/g, '\\$&')})`;
}
