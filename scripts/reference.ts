import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format, type FormatConfig } from 'oxfmt';
import ts from 'typescript';
import type { Entry } from './entries.ts';

const api = join(import.meta.dirname, '../plugins/api');

/** Something that an entry exports. */
interface Exported {
  readonly name: string;
  readonly isType: boolean;
  /** Its docstring, without the signs of a comment. */
  readonly about: string;
  /** Its declarations, with the comments of their members. */
  readonly code: string;
}

/** The page of the reference on one entry, as the docstrings and types of the source have it. */
export async function referencePage({ file, name }: Entry): Promise<string> {
  const source = join(api, `${file}.ts`);
  const exported = exportsOf(source).sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const section = async (title: string, some: readonly Exported[]) =>
    some.length === 0 ? [] : [`## ${title}`, ...(await Promise.all(some.map(sectionOf)))];
  const page = [
    `# ${name}`,
    '<!-- made by `npm run generate` from plugins/api -->',
    plain(/^\/\*\*[\s\S]*?\*\//.exec(readFileSync(source, 'utf8'))?.[0] ?? '').replace('@module', ''),
    ...(await section(
      'Functions, classes and values',
      exported.filter(({ isType }) => !isType),
    )),
    ...(await section(
      'Types',
      exported.filter(({ isType }) => isType),
    )),
  ].join('\n\n');
  return formatted(`${file}.md`, page);
}

async function sectionOf({ name, about, code }: Exported): Promise<string> {
  return `### ${name}\n\n${about}\n\n\`\`\`ts\n${await formatted(`${name}.d.ts`, code)}\`\`\``;
}

const style = JSON.parse(readFileSync(join(api, '../../.oxfmtrc.json'), 'utf8')) as FormatConfig;

/** As the files of the project are, by a name that says the language. */
async function formatted(name: string, text: string): Promise<string> {
  const { code, errors } = await format(name, text, style);
  if (errors.length > 0) throw new Error(`${name}: ${errors.map(({ message }) => message).join(', ')}`);
  return code;
}

/** What a module exports itself, and what it takes from others by name. */
function exportsOf(path: string): Exported[] {
  const handedOn = declarationsOf(path).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier: from, exportClause: clause } = statement;
    if (!from || !ts.isStringLiteral(from) || !clause || !ts.isNamedExports(clause)) return [];
    const there = exportsOf(join(dirname(path), from.text));
    return clause.elements.map(({ name }) => {
      const found = there.find((each) => each.name === name.text);
      if (!found) throw new Error(`${path}: ${name.text} is not in ${from.text}`);
      return found;
    });
  });
  return [...declaredIn(path), ...handedOn];
}

/** Overloads of a function are told together, by the docstring of the first. */
function declaredIn(path: string): Iterable<Exported> {
  const file = declarationsOf(path);
  const found = new Map<string, Exported>();
  for (const statement of file.statements) {
    const name = nameOf(statement);
    if (name === undefined || !isExported(statement)) continue;
    const code = statement.getText(file).replace(/^export (?:declare )?/, '');
    const [comment = ''] = /\/\*\*[\s\S]*?\*\/(?=\s*export)/.exec(statement.getFullText(file)) ?? [];
    const { about = plain(comment), code: before } = found.get(name) ?? {};
    const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
    found.set(name, { name, isType, about, code: before === undefined ? code : `${before}\n${code}` });
  }
  return found.values();
}

function nameOf(statement: ts.Statement): string | undefined {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations[0]?.name.getText();
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return isNamed ? statement.name?.text : undefined;
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  );
}

/** The declarations of a module, by its text alone: what is exported has to say its types. */
function declarationsOf(path: string): ts.SourceFile {
  const { outputText } = ts.transpileDeclaration(readFileSync(path, 'utf8'), {
    fileName: path,
    compilerOptions: { target: ts.ScriptTarget.ES2023, stripInternal: true },
  });
  return ts.createSourceFile(path, outputText, ts.ScriptTarget.ES2023, true);
}

function plain(comment: string): string {
  return comment
    .replace(/^\/\*\*\s*/, '')
    .replace(/\s*\*\/$/, '')
    .replace(/^\s*\* ?/gm, '')
    .trim();
}
