import { createHash, randomBytes } from 'node:crypto';

/**
 * The lines of one entry as LDIF (RFC 2849), without the empty one that ends it. A file of them needs no line `version: 1`,
 * which slapadd refuses and slapcat does not write either.
 */
export function ldifLines(dn: string, attributes: Readonly<Record<string, readonly string[]>>): string[] {
  const values = Object.entries(attributes).flatMap(([name, all]) => all.map((value) => line(name, value)));
  return [line('dn', dn), ...values];
}

/** RFC 2849's SAFE-STRING, less control characters; its note 8: a space at the end is encoded too. */
function line(name: string, value: string): string {
  const isSafe = /^[!-9;=-~](?:[ -~]*[!-~])?$/.test(value);
  return isSafe ? `${name}: ${value}` : `${name}:: ${Buffer.from(value).toString('base64')}`;
}

/** A password as `userPassword` holds it (RFC 2307 §5.3, salted SHA-1), with a new salt each time. */
export function hashedPassword(password: string): string {
  const salt = randomBytes(8);
  const digest = createHash('sha1').update(password).update(salt).digest();
  return `{SSHA}${Buffer.concat([digest, salt]).toString('base64')}`;
}
