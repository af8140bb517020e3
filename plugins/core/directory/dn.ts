/** The DN of a login. */
export type DnTemplate = (login: string) => string;

/** RFC 4514 §3, of what nobody needs in a template: no quotes, no hexadecimal values. */
const attribute = String.raw`(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)`;
const value = String.raw`(?! *#)(?:\{login\}|\\(?:[0-9A-Fa-f]{2}|[ "#+,;<=>\\])|[^\\"+,;<>{}\p{Cc}])+`;
const dnPattern = new RegExp(`^ *${attribute} *=${value}(?:[,+] *${attribute} *=${value})*$`, 'u');

/** Reads the setting `bind_template`; throws an Error when it is no DN that depends on the login. */
export function parseDnTemplate(text: string): DnTemplate {
  if (!dnPattern.test(text)) throw new Error('expected a DN such as uid={login},ou=people,dc=example,dc=com');
  if (!text.includes('{login}'))
    throw new Error('the template has no {login}: it would be the same for everybody');
  const parts = text.split('{login}');
  return (login) => parts.join(escapeDnValue(login));
}

/** RFC 4514 §2.4: any octet may be escaped, so all are that could mean something. A login can become no second attribute. */
export function escapeDnValue(text: string): string {
  return text.replace(/[\0-\x7f]/g, (one) =>
    /[A-Za-z0-9@._-]/.test(one) ? one : `\\${one.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/**
 * Whether a server can take it for the name of an account: an empty one, or one of spaces, it may take for nobody's, and accept
 * any password (RFC 4513 §5.1.2).
 */
export function isBindName(dn: string): boolean {
  return dn.includes('=') && !/\p{Cc}/u.test(dn);
}
