/**
 * JSON on one line that is safe to show: what JSON leaves raw but a terminal or an editor obeys (C1 controls, line
 * separators, marks that turn the direction of writing) is escaped too.
 */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
