import { createHash } from 'node:crypto';

/**
 * What says who wrote a message and who sent it, as the most careless reader finds it: From and Sender (RFC 5322 §3.6.2), those
 * of whoever sent it again (§3.6.6), and that of a list (RFC 2919), which `sender/header` judges with them.
 */
const authorField = /^(?:from|sender|resent-[!-9;-~]+|list-id)[\s\0]*:/i;

/** Those of a header, each field in one entry; line ends count as one, however they are written. */
export function authorFields(header: readonly string[]): string[] {
  return header.filter((field) => authorField.test(field)).map((field) => field.replace(/\r?\n/g, '\n'));
}

/** The same text for the same fields. */
export function sameAuthors(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((field, index) => field === other[index]);
}

/** What these fields are known by in the record of a message: they may be as long as the sender likes. */
export function authorsMark(fields: readonly string[]): string {
  return createHash('sha256').update(fields.join('\0')).digest('base64url');
}

/** Header lines, each physical line by itself, with other fields in the place of their authors. */
export function withAuthors(lines: readonly string[], fields: readonly string[]): string[] {
  let isOfAuthor = false;
  const others = lines.filter((line) => {
    if (!/^[ \t]/.test(line)) isOfAuthor = authorField.test(line);
    return !isOfAuthor;
  });
  return [...others, ...fields.flatMap((field) => field.match(/[^\n]*\n|[^\n]+$/g) ?? [])];
}

/** Reads the fields of a header from the beginning of a message; `undefined` where it does not end in there. */
export function headerIn(text: string): string[] | undefined {
  const fields: string[] = [];
  for (const [line] of text.matchAll(/[^\n]*\n/g)) {
    if (/^\r?\n$/.test(line)) return fields;
    if (/^[ \t]/.test(line) && fields.length > 0) fields.push(`${fields.pop() ?? ''}${line}`);
    else fields.push(line);
  }
  return undefined;
}
