import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { mkdtempSync, rmSync } from 'node:fs';
import { isIPv4, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Dns } from '../../../plugins/core/dns/dns.ts';
import type { MtaStsOptions } from '../../../plugins/core/mta-sts/mta-sts.ts';
import { authority, Mint, serverOf, type Issued } from '../../support/certificates.ts';
import { answerTo, nameIn, record, types, type Script } from '../../support/fake-dns.ts';
import { client, fake } from '../dns/fixtures.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** What a domain publishes. */
export interface Published {
  /** TXT records of `_mta-sts.`, each as its character-strings, or trouble of the DNS. */
  readonly txt?: readonly (readonly string[])[] | 'SERVFAIL' | 'TIMEOUT';
  /** The policy, as text or as whatever the policy host does. */
  readonly policy?: string | Answer;
  /** Absent: one for the policy host, of the authority that is trusted. */
  readonly certificate?: Issued;
  /** Of the policy host, absent: that of the server. */
  readonly addresses?: readonly string[];
}

/** A DNS server and an HTTPS server for domains that publish policies, and folders for who asks them. */
export interface World {
  readonly dns: Dns;
  readonly dnsAddress: string;
  readonly ca: string;
  readonly port: number;
  readonly mint: Mint;
  readonly root: Issued;
  /** Host and path of each request. */
  readonly asked: string[];
  publish(domain: string, what: Published): void;
  /** For a gateway of its own, with what it told. */
  gateway(changes?: Partial<MtaStsOptions>): MtaStsOptions & { readonly told: string[] };
  stop(): Promise<void>;
}

export const enforced = policyText();

/** A policy as a domain publishes it, with some lines replaced or more. */
export function policyText({ mode = 'enforce', mx = 'mx.corp.example', age = 604_800 } = {}): string {
  return `version: STSv1\r\nmode: ${mode}\r\nmx: ${mx}\r\nmax_age: ${age}\r\n`;
}

/** A record that names a policy. */
export function txt(id: string): readonly string[][] {
  return [[`v=STSv1; id=${id};`]];
}

export function plain(text: string | Buffer, type = 'text/plain'): Answer {
  return (_request, response) => response.setHeader('content-type', type).end(text);
}

/** Starts all of it; what it needs of the DNS is stopped with the other fixtures of the DNS. */
export async function startWorld(): Promise<World> {
  const mint = new Mint();
  const root = mint.make({ name: 'root', extensions: authority });
  const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-mta-sts-'));
  const domains = new Map<string, Published>();
  const asked: string[] = [];
  const server = createServer(
    { SNICallback: (name, found) => found(null, contextOf(name)) },
    (request, response) => {
      const { host = '' } = request.headers;
      asked.push(`${host.replace(/:\d+$/, '')}${request.url}`);
      const { policy } = domains.get(host.replace(/^mta-sts\.|:\d+$/g, '')) ?? {};
      const answer = typeof policy === 'string' ? plain(policy) : policy;
      if (answer) answer(request, response);
      else response.writeHead(404, { 'content-type': 'text/plain' }).end(enforced);
    },
  );
  const contexts = new Map<Issued | string, SecureContext>();
  const contextOf = (host: string): SecureContext => {
    const shown = domains.get(host.replace('mta-sts.', ''))?.certificate;
    const made = contexts.get(shown ?? host);
    if (made) return made;
    const context = createSecureContext(
      shown ?? mint.make({ name: 'a policy host', extensions: serverOf(host), by: root }),
    );
    contexts.set(shown ?? host, context);
    return context;
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { address: dnsAddress } = await fake(script(domains));
  const uncached = { maxTtl: 0, maxNegativeTtl: 0, failureTtl: 0 };
  const dns = client([dnsAddress], { cache: uncached });
  let gateways = 0;
  return {
    ...{ dns, dnsAddress, ca: root.cert, port, mint, root, asked },
    publish: (domain, what) => domains.set(domain, what),
    gateway: (changes = {}) => {
      gateways += 1;
      const told: string[] = [];
      const dataDirectory = mkdtempSync(join(folder, `${gateways}-`));
      const log = (message: string) => told.push(message);
      return { dns, ca: root.cert, port, milliseconds: 2000, dataDirectory, log, told, ...changes };
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      mint.remove();
      rmSync(folder, { recursive: true });
    },
  };
}

function script(domains: ReadonlyMap<string, Published>): Script {
  return (query) => {
    const name = nameIn(query.section);
    const type = query.section.readUInt16BE(query.section.length - 4);
    const domain = domains.get(name.replace(/^(?:_mta-sts|mta-sts)\./, ''));
    if (!domain) return answerTo(query, { rcode: 3 });
    if (!name.startsWith('_')) return answerTo(query, { answers: addresses(domain, type) });
    const { txt: texts = [] } = domain;
    if (texts === 'TIMEOUT') return undefined;
    if (texts === 'SERVFAIL') return answerTo(query, { rcode: 2 });
    return answerTo(query, { answers: texts.map((strings) => record('TXT', stringsOf(strings))) });
  };
}

function addresses({ addresses: all = ['127.0.0.1'] }: Published, type: number): Buffer[] {
  if (type !== types.A) return [];
  return all.filter(isIPv4).map((address) => record('A', Buffer.from(address.split('.').map(Number))));
}

function stringsOf(strings: readonly string[]): Buffer {
  return Buffer.concat(strings.flatMap((text) => [Buffer.from([text.length]), Buffer.from(text, 'latin1')]));
}
