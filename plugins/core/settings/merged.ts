import type { Path } from './schema-tree.ts';
import { placeOf, SettingsError, type Place, type SettingsDocument } from './document.ts';
import { registries } from './settings.ts';

type Registry = (typeof registries)[number];

/** The main file, its lists lengthened by those of the other files, and which entry stands where. */
export class MergedDocuments {
  readonly content: unknown;
  readonly #main: SettingsDocument;
  /** For each list that was lengthened, whose each entry is. */
  readonly #entries = new Map<PropertyKey, { document: SettingsDocument; index: number }[]>();

  constructor(main: SettingsDocument, others: readonly SettingsDocument[]) {
    this.#main = main;
    const content = contentOf(main);
    for (const registry of others.length > 0 ? registries : []) {
      const lists = [main, ...others].map((document) => ({ document, list: listOf(document, registry) }));
      const entries = lists.flatMap(({ document, list }) => list.map((_, index) => ({ document, index })));
      this.#entries.set(registry, entries);
      if (Array.isArray(content[registry] ?? [])) content[registry] = lists.flatMap(({ list }) => list);
    }
    const strangers = others.flatMap(strangersIn);
    if (strangers.length > 0) throw new SettingsError(strangers.join('\n'));
    this.content = content;
  }

  place(path: Path): Place {
    const { document, inside } = this.#locate(path);
    return document.place(inside);
  }

  origin(path: Path): Place | undefined {
    const { document, inside } = this.#locate(path);
    if (document.exactPlace(inside)) return document.exactPlace(inside);
    const [registry] = path;
    const elsewhere =
      path.length === 1 && registry !== undefined ? this.#entries.get(registry)?.[0] : undefined;
    return elsewhere && registry !== undefined ? elsewhere.document.exactPlace([registry]) : undefined;
  }

  #locate(path: Path): { document: SettingsDocument; inside: Path } {
    const [registry = '', index, ...rest] = path;
    const entry = typeof index === 'number' ? this.#entries.get(registry)?.[index] : undefined;
    if (!entry) return { document: this.#main, inside: path };
    return { document: entry.document, inside: [registry, entry.index, ...rest] };
  }
}

function contentOf(document: SettingsDocument): Record<string, unknown> {
  const { content } = document;
  const isSection = typeof content === 'object' && content !== null && !Array.isArray(content);
  if (isSection) return { ...content };
  throw new SettingsError(`${document.file}:1:1: expected settings, KEY: VALUE`);
}

function listOf(document: SettingsDocument, registry: Registry): readonly unknown[] {
  const list = contentOf(document)[registry] ?? [];
  return Array.isArray(list) ? (list as unknown[]) : [];
}

/** What may not stand in a file of a registry. */
function strangersIn(document: SettingsDocument): string[] {
  return Object.entries(contentOf(document)).flatMap(([key, value]) => {
    const isRegistry = registries.some((registry) => registry === key);
    if (isRegistry && Array.isArray(value)) return [];
    const wrong = isRegistry ? 'expected a list' : `only ${registries.join(', ')} may stand in gatekeeper.d`;
    return [`${placeOf(document.place([key]))}: ${key}: ${wrong}`];
  });
}
