import { after } from 'node:test';
import { createDns, type DnsOptions } from '../../../plugins/core/dns/client.ts';
import type { Answer, RecordType } from '../../../plugins/core/dns/dns.ts';
import { startDns, type DnsOptions as ServerOptions, type DnsServer } from '../../../scripts/demo/dns.ts';
import type { Zone } from '../../../scripts/demo/dns-zone.ts';
import { startFakeDns, type FakeDns, type Script } from '../../support/fake-dns.ts';

const open: { stop(): Promise<void> }[] = [];
after(() => Promise.all(open.map((one) => one.stop())));

/** A client that the end of the tests closes; it is quick to give up. */
export function client(servers: readonly string[], options: Omit<DnsOptions, 'servers'> = {}) {
  const dns = createDns({ servers, timeout: 150, attempts: 2, ...options });
  open.push({
    stop: () => {
      dns.close();
      return Promise.resolve();
    },
  });
  return dns;
}

/** A fake server that the end of the tests stops. */
export async function fake(script: Script, port?: number): Promise<FakeDns> {
  const server = await startFakeDns(script, port);
  open.push(server);
  return server;
}

/** A server with a zone, and a client of it. */
export async function zone(
  data: Zone,
  options: Omit<DnsOptions, 'servers'> = {},
  serverOptions: Partial<ServerOptions> = {},
): Promise<{ server: DnsServer; address: string; dns: ReturnType<typeof client> }> {
  const server = await startDns({ port: 0, zone: data, ...serverOptions });
  open.push(server);
  const address = `127.0.0.1:${server.port}`;
  return { server, address, dns: client([address], options) };
}

/** What trouble was about; the empty string where there was none. */
export function causeOf(answer: Answer<RecordType>): string {
  return answer.kind === 'servfail' ? answer.because : '';
}
