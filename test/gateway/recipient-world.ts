import { once } from 'node:events';
import { createServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Tlsa } from '../../plugins/core/dane/tlsa.ts';
import {
  answerTo,
  nameIn,
  record,
  startFakeDns,
  types,
  wireName,
  type FakeDns,
  type FakeQuery,
} from '../support/fake-dns.ts';
import type { SmartHostServer } from '../support/smart-host.ts';
import { about } from '../core/dane/records.ts';
import type { Server, Signers } from './servers-of-domains.ts';

/** What a domain publishes of its servers. */
export interface Published {
  readonly servers: readonly (Server & {
    /** TLSA records: about its certificate, about another, or none that can be had. */
    readonly tlsa?: 'good' | 'wrong' | 'SERVFAIL';
  })[];
  /** All but what is called SERVFAIL is authenticated. */
  readonly isSigned?: true;
  readonly sts?: StsPublished;
  /** The first MX is an address. */
  readonly isLiteral?: true;
}

export interface StsPublished {
  readonly mode: 'enforce' | 'testing' | 'none';
  /** Absent: all of them. */
  readonly mx?: string;
  readonly id?: string;
  readonly maxAge?: number;
  /** The policy host does not have it. */
  readonly isGone?: true;
  /** In the place of the TXT record. */
  readonly txt?: string;
}

/** Domains below a suffix, with their servers, a DNS for them and a host of policies, for the plugin world-dns. */
export class RecipientWorld {
  readonly #signers: Signers;
  readonly #domains = new Map<string, { published: Published; servers: SmartHostServer[]; number: number }>();
  #dns: FakeDns | undefined;
  #https: HttpsServer | undefined;

  constructor(signers: Signers) {
    this.#signers = signers;
  }

  async start(domains: ReadonlyMap<string, Published>): Promise<void> {
    this.#dns = await startFakeDns((query) => this.#answer(query));
    this.#https = createServer(
      {
        SNICallback: (name, found) =>
          found(null, createSecureContext(this.#signers.certificateOf(name, 'good'))),
      },
      ({ headers }, response) => {
        const domain = headers.host?.replace(/^mta-sts\.|:\d+$/g, '') ?? '';
        const policy = policyOf(domain, this.#domains.get(domain)?.published.sts);
        response.writeHead(policy === undefined ? 404 : 200, { 'content-type': 'text/plain' }).end(policy);
      },
    );
    this.#https.listen(0, '127.0.0.1');
    await once(this.#https, 'listening');
    for (const [domain, published] of domains) {
      const servers = await this.#signers.start(domain, published.servers);
      this.#domains.set(domain, { published, servers, number: this.#domains.size });
    }
  }

  serversOf(domain: string): readonly SmartHostServer[] {
    return this.#domains.get(domain)?.servers ?? [];
  }

  publish(domain: string, sts: StsPublished): void {
    const known = this.#domains.get(domain);
    if (known) known.published = { ...known.published, sts };
  }

  get dnsAddress(): string {
    return this.#dns?.address ?? '';
  }

  /** For config/world-dns.json. */
  places(suffix: string): string {
    const smtp = [...this.#domains.values()].flatMap(({ servers, number }) =>
      servers.map(({ port }, index) => [addressOf(number, index), port] as const),
    );
    const https = this.#https?.address() as AddressInfo | undefined;
    return JSON.stringify({
      ...{ server: this.dnsAddress, suffix, smtp: Object.fromEntries(smtp) },
      https: https?.port,
    });
  }

  async stop(): Promise<void> {
    for (const { servers } of this.#domains.values()) for (const server of servers) server.stop();
    this.#https?.close();
    this.#https?.closeAllConnections();
    await this.#dns?.stop();
  }

  #answer(query: FakeQuery): Buffer {
    const name = nameIn(query.section);
    const type = query.section.readUInt16BE(query.section.length - 4);
    const [domain, known] =
      [...this.#domains].find(([each]) => name === each || name.endsWith(`.${each}`)) ?? [];
    if (domain === undefined || !known) return answerTo(query, { rcode: 3 });
    const answers = answersOf(name.slice(0, -domain.length - 1), type, { ...known, domain });
    if (answers === 'SERVFAIL') return answerTo(query, { rcode: 2 });
    return answerTo(query, { answers, isAuthentic: known.published.isSigned === true });
  }
}

interface Known {
  readonly domain: string;
  readonly published: Published;
  readonly servers: readonly SmartHostServer[];
  readonly number: number;
}

/** Of a name below a domain, which is empty for the domain itself. */
function answersOf(below: string, type: number, known: Known): Buffer[] | 'SERVFAIL' {
  const { published, number } = known;
  const index = Number(/(?:^|\.)mx(\d+)$/.exec(below)?.[1] ?? -1);
  const answers: Readonly<Record<string, () => Buffer[] | 'SERVFAIL'>> = {
    [`${types.MX} `]: () => mxRecords(known),
    [`${types.TXT} _mta-sts`]: () => txtRecords(published.sts),
    [`${types.A} mta-sts`]: () => (published.sts ? [addressRecord('127.0.0.1')] : []),
    [`${types.A} mx${index}`]: () => [addressRecord(addressOf(number, index))],
    [`${types.TLSA} _25._tcp.mx${index}`]: () => tlsaRecords(known, index),
  };
  return answers[`${type} ${below}`]?.() ?? [];
}

function mxRecords({ domain, published, servers, number }: Known): Buffer[] {
  return servers.map((_, index) => {
    const isLiteral = published.isLiteral === true && index === 0;
    return mxRecord(index, isLiteral ? addressOf(number, index) : `mx${index}.${domain}`);
  });
}

function tlsaRecords({ published, servers }: Known, index: number): Buffer[] | 'SERVFAIL' {
  const tlsa = published.servers[index]?.tlsa;
  const certificate = servers[index]?.manners.certificate;
  if (tlsa === 'SERVFAIL') return tlsa;
  if (tlsa === undefined || !certificate) return [];
  const good = about(certificate, 3, 1, 1);
  return [tlsaRecord(tlsa === 'good' ? good : { ...good, data: Buffer.alloc(32) })];
}

function tlsaRecord({ usage, selector, matchingType, data }: Tlsa): Buffer {
  return record('TLSA', Buffer.concat([Buffer.from([usage, selector, matchingType]), data]), { ttl: 0 });
}

function txtRecords(sts: StsPublished | undefined): Buffer[] {
  if (!sts) return [];
  const { id = '1', txt = `v=STSv1; id=${id};` } = sts;
  return txt === ''
    ? []
    : [record('TXT', Buffer.concat([Buffer.from([txt.length]), Buffer.from(txt)]), { ttl: 0 })];
}

function policyOf(domain: string, sts: StsPublished | undefined): string | undefined {
  if (!sts || sts.isGone) return undefined;
  const { mode, mx = `*.${domain}`, maxAge = 86_400 } = sts;
  return `version: STSv1\r\nmode: ${mode}\r\nmx: ${mx}\r\nmax_age: ${maxAge}\r\n`;
}

function mxRecord(preference: number, exchange: string): Buffer {
  return record('MX', Buffer.concat([Buffer.from([0, preference]), wireName(exchange)]), { ttl: 0 });
}

function addressRecord(address: string): Buffer {
  return record('A', Buffer.from(address.split('.').map(Number)), { ttl: 0 });
}

function addressOf(domain: number, server: number): string {
  return `127.9.${domain}.${server + 1}`;
}
