import { parseFilter } from '../../core/directory/filter.ts';
import { Secret } from '../../core/secret.ts';
import { ownAddresses } from './auth-ldap.ts';
import { find, oddities, type Found, type Ini } from './ini.ts';
import { placesOf, type Places } from './places.ts';
import {
  exampleBase,
  known,
  optional,
  serviceAccount,
  toFillIn,
  type Directory,
  type Proposal,
  type Setting,
} from './proposal.ts';
import { serversOf, timeoutOf } from './servers.ts';

const noServer: Found = {
  value: 'ldap://localhost:389',
  from: 'default of the plugin: server',
  isOwn: false,
};

/** Proposes settings for the `ldap.ini` of haraka-plugin-ldap: it searches as ours does, or binds with templates. */
export function fromLdap(ini: Ini): Proposal {
  const tls = find(ini, 'main', 'tls_enabled');
  const security = { startTls: tls?.value ? tls : undefined, verifies: true };
  const { notes: aboutServers, ...servers } = serversOf(find(ini, 'main', 'server') ?? noServer, security);
  const { notes: aboutAccounts, ...accounts } = accountsOf(ini);
  const { notes: aboutBinding, ...binding } = bindingOf(ini, accounts.base.value);
  const owners = ownersOf(ini);
  return {
    directory: {
      ...servers,
      ...binding,
      ...accounts,
      ...optional('address_attributes', owners.attributes),
      ...timeoutOf(find(ini, 'main', 'timeout')),
    },
    notes: [
      ...[...oddities(ini), ...tlsNotes(ini, tls), ...aboutServers, ...aboutBinding],
      ...[...aboutAccounts, ...owners.notes, ...withoutEqual(ini)],
    ],
  };
}

/** The operator's own value: the sample that the plugin ships names example.com, and stands below theirs. */
function findOwn(ini: Ini, section: string, key: string): Found | undefined {
  const found = find(ini, section, key);
  return found?.isOwn ? found : undefined;
}

function bindingOf(ini: Ini, base: string): Pick<Directory, 'bind_dn' | 'password'> & { notes: string[] } {
  const [dn, password] = [findOwn(ini, 'main', 'binddn'), findOwn(ini, 'main', 'bindpw')];
  if (dn === undefined || password === undefined)
    return { bind_dn: serviceAccount(base, 'ldap.ini has no binddn with bindpw'), notes: [notAnonymous] };
  return {
    bind_dn: known(String(dn.value), dn.from),
    password: Secret.fromText(String(password.value)),
    notes: typeof password.value === 'number' ? [readAsNumber] : [],
  };
}

const notAnonymous =
  'It searched anonymously. Gatekeeper does not: make an account for it, with the rights that docs/sysadmin.md shows, and ' +
  'write its password into config/ldap.password.';

const readAsNumber =
  'Haraka reads a bindpw of digits as a number, which loses zeros at its begin: look at config/ldap.password.';

/** `dn[]` goes before the search. */
function accountsOf(ini: Ini): Places {
  const dn = find(ini, 'authn', 'dn');
  if (Array.isArray(dn?.value)) return placesOf(dn.value.map((value: unknown) => ({ ...dn, value })));
  const base = findOwn(ini, 'authn', 'basedn') ?? findOwn(ini, 'main', 'basedn');
  const { filter, notes } = filterOf(find(ini, 'authn', 'searchfilter') ?? noFilter);
  return {
    base: base ? known(String(base.value), base.from) : toFillIn(exampleBase, 'ldap.ini has no basedn'),
    filter,
    notes: [...(dn === undefined ? [] : [noList]), ...notes, ...scopeNotes(ini), ...authnNotes(ini)],
  };
}

const noFilter: Found = {
  value: '(&(objectclass=*)(uid=%u))',
  from: 'default of the plugin: [authn] searchfilter',
  isOwn: false,
};

const noList = '[authn] dn without brackets, dn[], had no effect: it searched. So does the proposal.';

function authnNotes(ini: Ini): string[] {
  return ini.values['authn'] ? [] : ['Without a section [authn] it checked no logins.'];
}

/** Braces of the old filter are data; among ours they would be a placeholder. */
function filterOf({ value, from }: Found): { filter: Setting<string>; notes: string[] } {
  const text = String(value).replaceAll('{', '\\7b').replaceAll('}', '\\7d').replaceAll('%u', '{login}');
  try {
    parseFilter(text);
    return { filter: known(text, from), notes: [] };
  } catch (error) {
    const note = `${from}: ${(error as Error).message}; write directory.filter yourself.`;
    return { filter: toFillIn('(uid={login})', from), notes: [note] };
  }
}

function scopeNotes(ini: Ini): string[] {
  const scope = find(ini, 'authn', 'scope') ?? find(ini, 'main', 'scope');
  if (scope === undefined || scope.value === 'sub') return [];
  return [
    `${scope.from} = ${String(scope.value)}: Gatekeeper searches all that lies below base. A login that finds two entries is ` +
      `answered 454; a narrower base or filter mends it.`,
  ];
}

const noAddressFilter: Found = {
  value: '(&(objectclass=*)(uid=%u)(mail=%a))',
  from: 'default of the plugin: [authz] searchfilter',
  isOwn: false,
};

/** Which attributes `[authz]` compares with the sender: those that own an address. */
function ownersOf(ini: Ini): { attributes?: Setting<string[]> | undefined; notes: string[] } {
  if (!ini.values['authz']) return { notes: [ownAddresses] };
  const { value, from } = find(ini, 'authz', 'searchfilter') ?? noAddressFilter;
  const text = String(value);
  const names = [...text.matchAll(/\(\s*([A-Za-z][A-Za-z0-9;-]*)\s*=\s*%a\s*\)/g)].map(
    ([, name = '']) => name,
  );
  const isWhole = names.length > 0 && names.length === text.split('%a').length - 1;
  const partly = `${from}: address_attributes cannot say all of it; look at what it proposes.`;
  return {
    attributes: names.length > 0 ? known([...new Set(names)], from) : undefined,
    notes: [isWhole ? headerToo : partly],
  };
}

const headerToo =
  '[authz] looked at MAIL FROM only. Now From and Sender of the header must be owned as well.';

/** Values of ldap.ini are texts: `false` is one, and true to JavaScript. */
function tlsNotes(ini: Ini, tls: Found | undefined): string[] {
  const verify = find(ini, 'main', 'tls_rejectUnauthorized');
  const isOff = verify !== undefined && verify.value !== 'true';
  return [...(tls?.value === 'false' ? [misread] : []), ...(isOff ? [verified] : [])];
}

const misread =
  'tls_enabled=false is a text to it, and any text meant yes: it asked for StartTLS. So does the proposal.';

const verified =
  'tls_rejectUnauthorized is a text to it, and did not keep it from verifying the certificate. If logins worked, they do now; ' +
  'else directory.ca_file names the authority.';

const others = { aliases: 'replaced recipients ([aliases])', rcpt_to: 'checked recipients ([rcpt_to])' };

/** The plugin registers for AUTH whatever its ini says, so that it cannot stay for the rest of what it does. */
function withoutEqual(ini: Ini): string[] {
  const used = Object.entries(others).filter(([section]) => ini.values[section] !== undefined);
  if (used.length === 0) return [];
  const what = used.map(([, words]) => words).join(' and ');
  return [
    `It also ${what}. Gatekeeper has no equal, and does not start beside it, since it answers AUTH whatever ldap.ini says: ` +
      `see docs/migrate/ldap.md before you restart.`,
  ];
}
