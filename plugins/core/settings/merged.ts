import type { Path } from './schema-tree.ts';
import { placeOf, SettingsError, type Place, type SettingsDocument } from './document.ts';
import { registries } from './settings.ts';

/** A document with what it says, which is read once. */
interface Read {
  readonly document: SettingsDocument;
  readonly content: Readonly<Record<string, unknown>>;
}

interface Entry {
  readonly document: SettingsDocument;
  readonly index: number;
}

/** The main file, its lists lengthened by those of the other files, and which entry stands where. */
export class MergedDocuments {
  readonly content: Readonly<Record<string, unknown>>;
  readonly #main: SettingsDocument;
  /** For each list that was lengthened, whose each entry is. */
  readonly #entries = new Map<PropertyKey, readonly Entry[]>();

  constructor(main: SettingsDocument, others: readonly SettingsDocument[]) {
    this.#main = main;
    const first = read(main);
    const rest = others.map(read);
    const strangers = rest.flatMap(strangersIn);
    if (strangers.length > 0) throw new SettingsError(strangers.join('\n'));
    const content = { ...first.content };
    for (const registry of others.length > 0 ? registries : []) {
      const lists = [first, ...rest].map((each) => ({ ...each, list: listOf(each, registry) }));
      this.#entries.set(
        registry,
        lists.flatMap(({ document, list }) => list.map((_, index) => ({ document, index }))),
      );
      // What is no list is a mistake, and stays to be found.
      if (Array.isArray(content[registry] ?? [])) content[registry] = lists.flatMap(({ list }) => list);
    }
    this.content = content;
  }

  place(path: Path): Place {
    const { document, inside } = this.#locate(path);
    return document.place(inside);
  }

  /** Of a list that does not stand in the main file, where its first entries do. */
  origin(path: Path): Place | undefined {
    const { document, inside } = this.#locate(path);
    const [registry = '', ...below] = path;
    const elsewhere = below.length === 0 ? this.#entries.get(registry)?.[0]?.document : undefined;
    return document.exactPlace(inside) ?? elsewhere?.exactPlace(path);
  }

  #locate(path: Path): { document: SettingsDocument; inside: Path } {
    const [registry = '', index, ...rest] = path;
    const entry = typeof index === 'number' ? this.#entries.get(registry)?.[index] : undefined;
    if (!entry) return { document: this.#main, inside: path };
    return { document: entry.document, inside: [registry, entry.index, ...rest] };
  }
}

function read(document: SettingsDocument): Read {
  const { content } = document;
  const isSection = typeof content === 'object' && content !== null && !Array.isArray(content);
  if (isSection) return { document, content: { ...content } };
  throw new SettingsError(`${document.file}:1:1: expected settings, KEY: VALUE`);
}

function listOf({ content }: Read, registry: string): readonly unknown[] {
  const list = content[registry];
  return Array.isArray(list) ? (list as unknown[]) : [];
}

/** What may not stand in a file of a registry. */
function strangersIn({ document, content }: Read): string[] {
  return Object.entries(content).flatMap(([key, value]) => {
    const isRegistry = registries.some((registry) => registry === key);
    if (isRegistry && Array.isArray(value)) return [];
    const wrong = isRegistry ? 'expected a list' : `only ${registries.join(', ')} may stand in gatekeeper.d`;
    return [`${placeOf(document.place([key]))}: ${key}: ${wrong}`];
  });
}
