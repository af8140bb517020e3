/** JSON on one line that is safe to show: what JSON leaves raw but a terminal or an editor obeys is escaped too. */
export function jsonLine(value: unknown): string {
  return printable(JSON.stringify(value));
}

/**
 * A text that is safe to show: control characters (C1 too), line separators and marks that turn the direction of writing
 * appear as `\uXXXX`.
 */
export function printable(text: string): string {
  return text.replace(
    /[\0-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
