import { startDns } from '../demo/dns.ts';
import { zoneOfShapes } from './spf-shapes.ts';

/** What the measuring process asks, and what it is answered. */
export type CountRequest = 'count and begin again';

/** A DNS server in a process of its own, so that its work is not ours. */
async function serve(): Promise<void> {
  const server = await startDns({ port: 0, zone: zoneOfShapes() });
  process.on('message', () => {
    process.send?.({ queries: server.queries.length });
    server.queries.length = 0;
  });
  process.once('disconnect', () => process.exit());
  process.send?.({ port: server.port });
}

await serve();
