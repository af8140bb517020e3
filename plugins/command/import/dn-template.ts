import { attributePattern } from '../../core/directory/filter.ts';

/** How accounts are found that a template of a DN, or of another name to bind with, stood for. */
export interface Search {
  /** Absent: the template does not say where the accounts are. */
  readonly base?: string;
  readonly filter: string;
}

/** Reads a template with `%u`; `undefined` when no search finds the same. */
export function searchOf(template: string): Search | undefined {
  return ofName(template) ?? ofDn(template);
}

/** What Active Directory takes for a DN: a principal name, or DOMAIN\user. */
function ofName(template: string): Search | undefined {
  const [, domain] = /^%u@([^=,\\]+)$/.exec(template) ?? [];
  if (domain !== undefined) return { filter: `(userPrincipalName={login}@${assertion(domain)})` };
  return /^[^=,\\]+\\%u$/.test(template) ? { filter: '(sAMAccountName={login})' } : undefined;
}

function ofDn(template: string): Search | undefined {
  const [first = '', ...above] = rdnsOf(template);
  const [, attribute = '', value = ''] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/s.exec(first) ?? [];
  const isPlain = attributePattern.test(attribute) && !/["]|(?<!\\)\+/.test(value);
  const base = above.map((rdn) => rdn.trim()).join(',');
  if (!isPlain || base === '' || !value.includes('%u') || base.includes('%u')) return undefined;
  return {
    base,
    filter: `(${attribute}=${value.split('%u').map(unescaped).map(assertion).join('{login}')})`,
  };
}

/** RFC 4514 §3: a comma that is escaped divides nothing. */
function rdnsOf(dn: string): string[] {
  return dn.match(/(?:\\.|[^\\,])+/gs) ?? [];
}

/** RFC 4514 §2.4: pairs of hexadecimal digits are octets of UTF-8. */
function unescaped(value: string): string {
  return value.replace(/((?:\\[0-9A-Fa-f]{2})+)|\\(.)/gs, (_, pairs: string | undefined, plain: string) =>
    pairs === undefined ? plain : Buffer.from(pairs.replaceAll('\\', ''), 'hex').toString('utf8'),
  );
}

/** RFC 4515 §3; braces too, which are ours. */
function assertion(value: string): string {
  return value.replace(/[\0()*\\{}]/g, (one) => `\\${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** One search for several: below the deepest entry above all of them, any of the filters. */
export function union(searches: readonly Search[]): Search | undefined {
  const filters = [...new Set(searches.map(({ filter }) => filter))];
  const [only = ''] = filters;
  if (filters.length === 0) return undefined;
  const filter = filters.length === 1 ? only : `(|${filters.join('')})`;
  const base = commonBase(searches.map((search) => search.base ?? ''));
  return base === '' ? { filter } : { base, filter };
}

function commonBase(bases: readonly string[]): string {
  const [first = [], ...others] = bases.map((base) => rdnsOf(base).reverse());
  const same = (a: string | undefined, b: string | undefined) =>
    a?.trim().toLowerCase() === b?.trim().toLowerCase();
  const differs = first.findIndex((rdn, depth) => !others.every((other) => same(rdn, other[depth])));
  const shared = differs < 0 ? first : first.slice(0, differs);
  return shared
    .reverse()
    .map((rdn) => rdn.trim())
    .join(',');
}
