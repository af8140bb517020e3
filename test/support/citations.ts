/** A document, and a section of it; '' is the document as a whole. */
export interface Citation {
  readonly document: string;
  readonly section: string;
}

/** A row of docs/rfc.md: sections of a document, and the files or folders (which end in `/`) below plugins/ that cite them. */
export interface Row {
  readonly document: string;
  readonly sections: readonly string[];
  readonly where: readonly string[];
}

/** A file below plugins/, and what it says. */
export type Sources = ReadonlyMap<string, string>;

const documents = [
  'RFC \\d+(?:bis)?',
  'draft-[a-z][a-z0-9-]+[a-z0-9]',
  'MS-[A-Z]+',
  'OpenID Connect (?:Core|Discovery)',
  'CSP Level \\d',
  'Baseline Requirements',
  'U(?:TS|AX) \\d+',
].join('|');

const section = '(?:§|appendix )([0-9A-Z]+(?:\\.[0-9]+)*)';

/** A document with the section that stands right behind it, also in the next line of a comment; or a section alone. */
const pattern = new RegExp(`(${documents})\\b(?:[\\s*/]+${section})?|${section}`, 'g');

/** What a text cites. A section without a document is of the one that was named last above it. */
export function citationsIn(text: string): Citation[] {
  let last = '';
  return [...text.matchAll(pattern)].map(([, document, named, alone]) => {
    last = document ?? last;
    return { document: last, section: named ?? alone ?? '' };
  });
}

/** The rows of all tables of a page whose first column is a document. */
export function rowsOf(page: string): Row[] {
  return [...page.matchAll(/^\| ([^|]+?) +\| ([^|]*?) *\| ([^|]*?) *\| ([^|]*?) *\|/gm)]
    .map(([, document = '', sections = '', , where = '']) => ({
      document,
      sections: sections === 'all' ? [''] : sections.split(', ').map((each) => each.replace('§', '')),
      where: [...where.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path),
    }))
    .filter(({ document }) => new RegExp(`^(?:${documents})$`).test(document));
}

/** What is wrong: what a file cites and no row has, and what a row has and its files do not cite. */
export function faultsOf(rows: readonly Row[], sources: Sources): string[] {
  const cited = new Map([...sources].map(([file, text]) => [file, citationsIn(text)]));
  return [
    ...[...cited].flatMap(([file, citations]) =>
      citations
        .filter((citation) => !isListed(citation, file, rows))
        .map((each) => `${file}: no row for ${nameOf(each)}`),
    ),
    ...rows.flatMap((row) => staleIn(row, cited)),
  ];
}

function isListed({ document, section }: Citation, file: string, rows: readonly Row[]): boolean {
  return rows.some(
    (row) =>
      row.document === document &&
      (section === '' || row.sections.includes(section)) &&
      row.where.some((path) => isAt(file, path)),
  );
}

function staleIn(
  { document, sections, where }: Row,
  cited: ReadonlyMap<string, readonly Citation[]>,
): string[] {
  const all = sections.flatMap((section) => where.map((path) => ({ document, section, path })));
  const found = all.filter(({ section, path }) =>
    [...cited].some(
      ([file, citations]) =>
        isAt(file, path) &&
        citations.some((each) => each.document === document && (section === '' || each.section === section)),
    ),
  );
  const missing = (what: string) => `docs/rfc.md: ${what}`;
  return [
    ...sections
      .filter((section) => !found.some((each) => each.section === section))
      .map((section) => missing(`nothing cites ${nameOf({ document, section })} where its row says`)),
    ...where
      .filter((path) => !found.some((each) => each.path === path))
      .map((path) => missing(`${path} does not cite ${nameOf({ document, section: sections.join(', §') })}`)),
  ];
}

function isAt(file: string, path: string): boolean {
  return path.endsWith('/') ? file.startsWith(path) : file === path;
}

function nameOf({ document, section }: Citation): string {
  return section === '' ? document : `${document} §${section}`;
}
