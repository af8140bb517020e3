import ldapjs, {
  type BindRequest,
  type Connection,
  type Response,
  type SearchEntry,
  type SearchRequest,
  type SearchResponse,
} from 'ldapjs';
import { normalised, selects, type Visible } from './filter.ts';
import { listen, type Listening } from './listening.ts';
import { type Entry, gatekeeper } from './people.ts';
import { ignoreControlsOfBinds, keepFiltersAsTheyCame, WireFilter } from './wire-filter.ts';

export interface DirectoryOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host?: string;
  readonly entries: readonly Entry[];
  /** PEM; with it the port speaks ldaps. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The accounts that may search; everybody else may only bind. */
  readonly searchers?: readonly string[];
}

interface Stored extends Visible {
  readonly entry: Entry;
  readonly key: string;
  readonly parentKey: string | undefined;
}

interface Store {
  readonly byKey: ReadonlyMap<string, Stored>;
  readonly searchers: ReadonlySet<string>;
}

/** RFC 4511 appendix A. */
const result = {
  success: 0,
  sizeLimitExceeded: 4,
  noSuchObject: 32,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  unwillingToPerform: 53,
} as const;

const anonymous = ldapjs.DN.fromString('cn=anonymous');

/**
 * The embedded directory: ldapjs's server with OpenLDAP's manners, for the demo and for fast tests only, because
 * ldapjs has had no maintainer since May 2024. It knows simple bind, search and unbind; StartTLS it refuses.
 */
export async function startDirectory(options: DirectoryOptions): Promise<Listening> {
  keepFiltersAsTheyCame();
  ignoreControlsOfBinds();
  const store = storeOf(options.entries, options.searchers ?? [gatekeeper.dn]);
  const { tls, host = '127.0.0.1' } = options;
  const directory = ldapjs.createServer(tls ? { certificate: tls.cert, key: tls.key } : {});
  directory.bind('', (req, res, next) => {
    bind(store, req, res, next);
  });
  directory.search('', (req, res) => {
    res.end(search(store, req, res));
  });
  directory.server.on(tls ? 'secureConnection' : 'connection', guard);
  directory.on('error', () => undefined); // a client's nonsense; ldapjs closes its connection
  return listen(directory.server, (done) => {
    directory.listen(options.port, host, done);
  });
}

/** Some nonsense makes ldapjs's parser throw instead of telling, which would end the process. */
function guard(connection: Connection): void {
  const { parser } = connection;
  const write = parser.write.bind(parser);
  parser.write = (data) => {
    try {
      return write(data);
    } catch {
      connection.destroy();
      return false;
    }
  };
}

/** RFC 4513 §4: a connection is anonymous from the moment that a bind arrives; ldapjs keeps the old name. */
function bind(store: Store, req: BindRequest, res: Response, next: () => void): void {
  req.connection.ldap.bindDN = anonymous;
  const verdict = judge(store, req.name, req.credentials);
  res.end(verdict);
  if (verdict === result.success) next();
}

function judge(store: Store, name: string, password: string): number {
  if (name === '') return result.invalidCredentials; // ldapjs has answered the bind that has no password either
  if (password === '') return result.unwillingToPerform; // RFC 4513 §5.1.2: else it would succeed
  const passwords = store.byKey.get(keyOf(name))?.entry.attributes['userPassword'] ?? [];
  return passwords.includes(password) ? result.success : result.invalidCredentials;
}

/** Sends what is found, and returns the result. */
function search(store: Store, req: SearchRequest, res: SearchResponse): number {
  const base = keyOf(req.baseObject.toString());
  const isAllowed = store.searchers.has(keyOf(req.connection.ldap.bindDN.toString()));
  if (!isAllowed) return result.insufficientAccessRights;
  if (!store.byKey.has(base)) return result.noSuchObject;
  if (!(req.filter instanceof WireFilter)) throw new TypeError('a filter that ldapjs has parsed');
  const { element } = req.filter;
  const found = [...store.byKey.values()].filter(
    (it) => inScope(it, base, req.scope) && selects(element, it),
  );
  const limit = req.sizeLimit === 0 ? found.length : req.sizeLimit;
  for (const it of found.slice(0, limit)) res.send(answer(it, req));
  return found.length > limit ? result.sizeLimitExceeded : result.success;
}

function inScope(it: Stored, base: string, scope: number): boolean {
  if (scope === 0) return it.key === base;
  if (scope === 1) return it.parentKey === base;
  return it.key === base || it.key.endsWith(`,${base}`);
}

/** RFC 4511 §4.5.1.8: none named means all; `1.1` means none. */
function answer(it: Stored, req: SearchRequest): SearchEntry {
  const wanted = req.attributes.map((name) => name.toLowerCase());
  const everything = wanted.length === 0 || wanted.includes('*');
  const attributes = Object.entries(it.entry.attributes)
    .filter(([name]) => it.attributes.has(name.toLowerCase()))
    .filter(([name]) => everything || wanted.includes(name.toLowerCase()))
    .map(([type, values]) => ({ type, values: req.typesOnly ? [] : values }));
  return new ldapjs.SearchEntry({ messageId: req.messageId, objectName: it.entry.dn, attributes });
}

function storeOf(entries: readonly Entry[], searchers: readonly string[]): Store {
  const visible = entries.map((entry) => new Map(visibleAttributes(entry)));
  const known = new Set(visible.flatMap((attributes) => [...attributes.keys()]));
  const stored = entries.map((entry, index) => {
    const parent = ldapjs.DN.fromString(entry.dn).parent();
    const parentKey = parent && keyOf(parent.toString());
    const key = keyOf(entry.dn);
    return { entry, key, parentKey, known, attributes: visible[index] ?? new Map<string, string[]>() };
  });
  return { byKey: new Map(stored.map((it) => [it.key, it])), searchers: new Set(searchers.map(keyOf)) };
}

/** Passwords are for bind alone. */
function visibleAttributes(entry: Entry): [string, readonly string[]][] {
  return Object.entries(entry.attributes)
    .map(([name, values]): [string, readonly string[]] => [name.toLowerCase(), values])
    .filter(([name]) => name !== 'userpassword');
}

function keyOf(dn: string): string {
  return normalised(ldapjs.DN.fromString(dn).toString());
}
