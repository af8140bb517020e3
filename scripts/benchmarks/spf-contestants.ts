import { Resolver } from 'node:dns/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Dns, RecordType } from '../../plugins/core/dns/dns.ts';
import { client } from './spf-shapes.ts';

/** Something that evaluates SPF, or asks as if it did. */
export interface SpfContestant {
  readonly name: string;
  readonly title: string;
  /** Resolves to the result in lower case; to nothing where none is found out. */
  evaluate(domain: string): Promise<string | undefined>;
  close(): void;
}

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

/** All of them, asking the same server. */
export async function startSpfContestants(port: number): Promise<readonly SpfContestant[]> {
  const server = `127.0.0.1:${port}`;
  const { createDns, checkHost } = await published();
  return [
    gatekeeper(
      { name: 'gatekeeper', title: 'Gatekeeper' },
      checkHost,
      createDns({ servers: [server], cache: never }),
    ),
    bareQueries(checkHost, createDns({ servers: [server], cache: never })),
    harakaPlugin(server),
    mailauth(server),
    gatekeeper(
      { name: 'warm', title: 'Gatekeeper, all answers in its cache' },
      checkHost,
      createDns({ servers: [server], cache: always }),
    ),
  ];
}

type ClosableDns = Dns & { close(): void };

function gatekeeper(
  names: Pick<SpfContestant, 'name' | 'title'>,
  checkHost: Published['checkHost'],
  dns: ClosableDns,
): SpfContestant {
  return {
    ...names,
    close: () => dns.close(),
    evaluate: async (domain) => (await checkHost({ ...client, sender: `alice@${domain}` }, dns)).result,
  };
}

/** The same questions one after the other, and nothing with the answers: what no evaluation can do without. */
function bareQueries(checkHost: Published['checkHost'], dns: ClosableDns): SpfContestant {
  const questions = new Map<string, readonly (readonly [string, RecordType])[]>();
  return {
    ...{ name: 'bare', title: 'the bare queries', close: () => dns.close() },
    evaluate: async (domain) => {
      const known = questions.get(domain) ?? (await questionsOf(domain, checkHost, dns));
      questions.set(domain, known);
      for (const [name, type] of known) await dns.resolve(name, type);
      return undefined;
    },
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
  return {
    ...{ name: 'haraka-plugin-spf', title: 'haraka-plugin-spf', close: () => resolver.cancel() },
    evaluate: async (domain) => {
      const spf = Object.assign(new SPF(), { helo: client.helo, resolver });
      return spf.result(await spf.check_host(client.ip, domain, `alice@${domain}`)).toLowerCase();
    },
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
  return {
    ...{ name: 'mailauth', title: 'mailauth', close: () => resolver.cancel() },
    evaluate: async (domain) => (await spf({ ...options, sender: `alice@${domain}` })).status.result,
  };
}

function resolverFor(server: string): Resolver {
  const resolver = new Resolver();
  resolver.setServers([server]);
  return resolver;
}
