import { LineCounter, parseDocument, type Document, type YAMLError } from 'yaml';
import type { Path } from './schema-tree.ts';
import { SettingsError } from './settings-error.ts';

export { SettingsError };

/** Where something stands in a file. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** `FILE:LINE:COLUMN`, as editors and compilers write it. */
export function placeOf({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** The text of a settings file that is YAML, with the places of its keys. */
export class SettingsDocument {
  readonly file: string;
  readonly #lines = new LineCounter();
  readonly #document: Document;

  constructor(text: string, file: string) {
    this.file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, uniqueKeys: true, strict: true });
  }

  /** What is no good YAML, one line for each mistake: `FILE:LINE:COLUMN: what is wrong`. */
  get faults(): readonly string[] {
    return [...this.#document.errors, ...this.#document.warnings].map((fault) => this.#faultLine(fault));
  }

  /** What the text says; throws `SettingsError` for aliases that grow beyond what anybody writes. */
  get content(): unknown {
    try {
      return (this.#document.toJS() as unknown) ?? {};
    } catch (error) {
      throw new SettingsError(`${this.file}:1:1: ${(error as Error).message}`);
    }
  }

  /** Where the deepest part of a path that is in the file stands: its key, or its value in a list. */
  place(path: Path): Place {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const place = this.exactPlace(path.slice(0, depth));
      if (place) return place;
    }
    return { file: this.file, line: 1, column: 1 };
  }

  /** Where a path stands; `undefined` when it is not in the file. */
  exactPlace(path: Path): Place | undefined {
    const parent = this.#document.getIn(path.slice(0, -1), true) ?? this.#document.contents;
    const offset = offsetWithin(parent, path.at(-1));
    if (offset === undefined) return undefined;
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line, column: col };
  }

  #faultLine(fault: YAMLError): string {
    const at = fault.linePos?.[0];
    const message = fault.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '');
    return `${this.file}:${at?.line ?? 1}:${at?.col ?? 1}: ${message}`;
  }
}

function offsetWithin(parent: unknown, key: PropertyKey | undefined): number | undefined {
  const items = (parent as { items?: unknown[] } | null)?.items;
  if (!Array.isArray(items)) return undefined;
  const item =
    typeof key === 'number' ? items[key] : items.find((pair) => String(keyOf(pair)) === String(key));
  const node = typeof key === 'number' ? item : (item as { key?: unknown } | undefined)?.key;
  return (node as { range?: [number, number, number] } | undefined)?.range?.[0];
}

function keyOf(pair: unknown): unknown {
  return (pair as { key?: { value?: unknown } }).key?.value;
}
