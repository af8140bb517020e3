import { within } from '../deadline.ts';
import { Attempts } from './attempts.ts';
import { trustIn } from './dial.ts';
import { Unavailable } from './directory.ts';
import { parseEndpoint } from './endpoint.ts';
import { attributesIn, parseCondition } from './filter.ts';
import type { DirectorySecrets } from './ldap.ts';
import type { Search } from './lookups.ts';
import type { SearchRequest } from './messages.ts';
import { Pool } from './pool.ts';
import { Servers } from './servers.ts';
import { ServiceAccount } from './service-account.ts';
import { sectionSchema, type DirectorySettings } from './settings.ts';
import { readDirectorySecrets } from './secrets.ts';
import type { DirectorySource } from './sources.ts';
import { valuesOf } from './values.ts';

/** Settings that name attributes which say what an account may not do. */
const restricting = [
  'status_attribute',
  'state_attributes',
  'limits_attribute',
  'tls_attribute',
  'pairs_attribute',
] as const;

const others = [
  'address_attributes',
  'scram_attribute',
  'app_password_attribute',
  'certificate_attribute',
  'send_as_attributes',
  'on_behalf_attributes',
  'grants_attribute',
  'member_attributes',
] as const;

type Naming = (typeof restricting)[number] | (typeof others)[number];

const filters = ['filter', 'certificate_match', 'send_as_filter', 'on_behalf_filter'] as const;

/**
 * A line for each attribute that settings name and the schema of the server does not know, as a misspelled one: no account has
 * it. Resolves to none where the schema cannot be read, and never rejects.
 */
export async function unknownAttributes(source: DirectorySource, config: string): Promise<readonly string[]> {
  const { key, settings } = source;
  try {
    const known = await askSchema(settings, readDirectorySecrets(source, config));
    return known ? linesFor(key, settings, known) : [];
  } catch {
    // Why a server does not answer is told where somebody logs in.
    return [];
  }
}

function linesFor(key: string, settings: DirectorySettings, known: ReadonlySet<string>): readonly string[] {
  const unknown = (setting: string, names: readonly string[], so: string) =>
    names
      .filter((name) => name !== '' && !known.has(baseOf(name)))
      .map((name) => `${key}.${setting}: the schema of the directory does not know ${name}: ${so}`);
  const named = (setting: Naming) => [settings[setting]].flat().filter((name) => !isUsual(setting, name));
  return [
    ...restricting.flatMap((each) =>
      unknown(each, named(each), 'no account has it, and it restricts nobody'),
    ),
    ...others.flatMap((each) => unknown(each, named(each), 'no entry has it')),
    ...filters.flatMap((each) => unknown(each, attributesIn(settings[each]), 'it finds nothing')),
  ];
}

/** What nobody has written is not misspelled: that a directory can do without the default is no news. */
function isUsual(setting: Naming, name: string): boolean {
  const usual: unknown = sectionSchema.shape[setting].parse(undefined);
  return [usual].flat().includes(name);
}

/** On connections of its own: what goes wrong here reaches no login. */
async function askSchema(
  settings: DirectorySettings,
  { bindPassword, ca }: DirectorySecrets,
): Promise<ReadonlySet<string> | undefined> {
  const { bind_dn: bindDn, login_timeout_seconds, operation_timeout_seconds } = settings;
  const endpoints = settings.urls.map((url) => parseEndpoint(url, settings));
  const trust = trustIn(ca);
  const now = () => performance.now();
  const log = () => undefined;
  const account = new ServiceAccount({ bindDn, bindPassword, now, log });
  const pool = new Pool({ account, trust, idleMilliseconds: 60_000, connections: 1 });
  const attempts = new Attempts({
    servers: new Servers(endpoints, { now, random: Math.random }),
    milliseconds: operation_timeout_seconds * 1000,
    ...{ log, now, clock: () => new Date() },
    drop: (server) => pool.drop(server),
  });
  const late = () => new Unavailable('directory: its schema took too long');
  try {
    return await within(login_timeout_seconds * 1000, late, (deadline) =>
      attempts.make(deadline, (server, time) =>
        knownNames((request) => pool.search(server, request, time), operation_timeout_seconds),
      ),
    );
  } finally {
    attempts.close();
    pool.close();
    bindPassword.wipe();
  }
}

/** RFC 4512 §4.2 and §4.4: the root DSE names the entry that holds the schema. A search is answered within 1 MiB or fails. */
async function knownNames(search: Search, seconds: number): Promise<ReadonlySet<string> | undefined> {
  const values = async (base: string, filter: string, attribute: string) => {
    const request: SearchRequest = {
      ...{ base, scope: 'base', filter: parseCondition(filter)(Buffer.alloc(0)), attributes: [attribute] },
      setting: 'the schema',
      ...{ timeLimitSeconds: Math.ceil(seconds), sizeLimit: 1 },
    };
    const { entries } = await search(request);
    return entries.flatMap((entry) => {
      // What comes in ranges (MS-ADTS §3.1.1.3.1.3.3) is not the whole.
      const isPart = entry.attributes.some(({ type }) => type.includes(';'));
      return isPart ? [] : valuesOf(entry, attribute);
    });
  };
  const [where] = await values('', '(objectClass=*)', 'subschemaSubentry');
  if (!where) return undefined;
  const types = await values(where, '(objectClass=subschema)', 'attributeTypes');
  const known = new Set(types.flatMap(namesOf));
  // Every server knows this one (RFC 4512 §3.3): without it we have read something else.
  return known.has('objectclass') ? known : undefined;
}

/** RFC 4512 §4.1.2: the number of an attribute, and its names. */
function namesOf(definition: string): readonly string[] {
  const [, number = '', name = '', names = ''] =
    /^\(\s*([\w.-]+)(?:\s+NAME\s+(?:'([^']*)'|\(([^)]*)\)))?/i.exec(definition) ?? [];
  return [number, name, ...[...names.matchAll(/'([^']*)'/g)].map(([, each = '']) => each)].map(baseOf);
}

/** RFC 4512 §2.5: options are no part of the name, nor is its case. */
function baseOf(name: string): string {
  return (name.split(';')[0] ?? name).toLowerCase();
}
