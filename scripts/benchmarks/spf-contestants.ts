import { Resolver } from 'node:dns/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { CacheOptions } from '../../plugins/core/dns/cache.ts';
import type { Dns, RecordType } from '../../plugins/core/dns/dns.ts';
import { client } from './spf-shapes.ts';

/** Evaluates SPF for a domain, or asks as if it did; the result in lower case, nothing where none is found out. */
export type SpfContestant = (domain: string) => Promise<string | undefined>;

const require = createRequire(import.meta.url);

/** As far as they are used here; neither is typed. */
interface HarakaSpf {
  helo: string;
  resolver: Resolver;
  log_debug: () => void;
  check_host(ip: string, domain: string, sender: string): Promise<number>;
  result(value: number): string;
}
interface HarakaModule {
  readonly SPF: { new (): HarakaSpf; readonly prototype: HarakaSpf };
}
type Mailauth = (options: {
  readonly sender: string;
  readonly ip: string;
  readonly helo: string;
  readonly mta: string;
  readonly resolver: (name: string, type: string) => Promise<unknown>;
}) => Promise<{ readonly status: { readonly result: string } }>;

const never = { minTtl: 0, maxTtl: 0, maxNegativeTtl: 0, failureTtl: 0 } as const;
const always = { minTtl: 3600, maxTtl: 3600 } as const;

/** What is published is measured, not what tsx makes of the sources. */
async function published(): Promise<Published> {
  const core = join(import.meta.dirname, '../../dist/core');
  const { createDns } = (await import(join(core, 'dns/client.js'))) as Pick<Published, 'createDns'>;
  const { checkHost } = (await import(join(core, 'spf/check-host.js'))) as Pick<Published, 'checkHost'>;
  return { createDns, checkHost };
}

interface Published {
  readonly createDns: typeof import('../../plugins/core/dns/client.ts').createDns;
  readonly checkHost: typeof import('../../plugins/core/spf/check-host.ts').checkHost;
}

type Start = (server: string) => SpfContestant | Promise<SpfContestant>;

/** Each is started in a process of its own: what one leaves in memory, or in the compiler, must not slow down another. */
export const spfContestants = {
  gatekeeper: { title: 'Gatekeeper', start: (server: string) => gatekeeper(server, never) },
  bare: { title: 'the bare queries', start: bareQueries },
  'haraka-plugin-spf': { title: 'haraka-plugin-spf', start: harakaPlugin },
  mailauth: { title: 'mailauth', start: mailauth },
  warm: {
    title: 'Gatekeeper, all answers in its cache',
    start: (server: string) => gatekeeper(server, always),
  },
} as const satisfies Record<string, { readonly title: string; readonly start: Start }>;

export type SpfContestantName = keyof typeof spfContestants;

async function gatekeeper(server: string, cache: Partial<CacheOptions>): Promise<SpfContestant> {
  const { createDns, checkHost } = await published();
  const dns = createDns({ servers: [server], cache });
  return async (domain) => (await checkHost({ ...client, sender: `alice@${domain}` }, dns)).result;
}

/** The same questions one after the other, and nothing with the answers: what no evaluation can do without. */
async function bareQueries(server: string): Promise<SpfContestant> {
  const { createDns, checkHost } = await published();
  const dns = createDns({ servers: [server], cache: never });
  const questions = new Map<string, readonly (readonly [string, RecordType])[]>();
  return async (domain) => {
    const known = questions.get(domain) ?? (await questionsOf(domain, checkHost, dns));
    questions.set(domain, known);
    for (const [name, type] of known) await dns.resolve(name, type);
    return undefined;
  };
}

async function questionsOf(
  domain: string,
  checkHost: Published['checkHost'],
  dns: Dns,
): Promise<(readonly [string, RecordType])[]> {
  const asked: (readonly [string, RecordType])[] = [];
  const resolve: Dns['resolve'] = (name, type, signal) => {
    asked.push([name, type]);
    return dns.resolve(name, type, signal);
  };
  await checkHost({ ...client, sender: `alice@${domain}` }, { resolve });
  return asked;
}

function harakaPlugin(server: string): SpfContestant {
  // What it stands on tells that it was loaded, some time later, on standard output, where the figures belong.
  console.log = console.error;
  const { SPF } = require('haraka-plugin-spf/lib/spf.js') as HarakaModule;
  // It prints what Haraka, at the usual level of its log, does not.
  SPF.prototype.log_debug = () => undefined;
  const resolver = resolverFor(server);
  return async (domain) => {
    const spf = Object.assign(new SPF(), { helo: client.helo, resolver });
    return spf.result(await spf.check_host(client.ip, domain, `alice@${domain}`)).toLowerCase();
  };
}

function mailauth(server: string): SpfContestant {
  const { spf } = require('mailauth/lib/spf') as { spf: Mailauth };
  const resolver = resolverFor(server);
  const options = {
    ...client,
    mta: 'mx.example',
    resolver: (name: string, type: string) => resolver.resolve(name, type),
  };
  return async (domain) => (await spf({ ...options, sender: `alice@${domain}` })).status.result;
}

function resolverFor(server: string): Resolver {
  const resolver = new Resolver();
  resolver.setServers([server]);
  return resolver;
}
