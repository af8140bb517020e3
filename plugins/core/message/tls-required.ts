import { tokenize } from './tokens.ts';

/** As the most careless reader finds it. */
const tlsRequired = /^tls-required[\s\0]*:/i;

/**
 * Whether the header says `TLS-Required: No` (RFC 8689 §3), each field in one entry. Nothing else has a meaning, and of two
 * fields none has: the header is malformed then, and who cannot be understood has not asked for less.
 */
export function saysTlsNotRequired(header: readonly string[]): boolean {
  const [field = '', ...others] = header.filter((each) => tlsRequired.test(each));
  const [, value] = /^tls-required:(.*)$/is.exec(field) ?? [];
  if (value === undefined || others.length > 0) return false;
  const tokens = tokenize(value.replace(/\r?\n(?=[ \t]|$)/g, ''));
  if ('malformed' in tokens) return false;
  const [word, ...more] = tokens.filter(({ kind }) => kind !== 'comment');
  return word?.kind === 'atom' && word.text.toLowerCase() === 'no' && more.length === 0;
}
