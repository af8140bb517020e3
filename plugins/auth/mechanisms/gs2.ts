/** RFC 5801 §4: `saslname`, a name in the header of mechanisms of that family; for a regular expression with flag u. */
export const saslName = '(?:[^,=\\0]|=2C|=3D)+';

/** A `saslname` without its escapes. */
export function plainName(encoded: string): string {
  return encoded.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
