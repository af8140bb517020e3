import { createServer, type AddressInfo } from 'node:net';
import { obstacle } from '../../../scripts/demo/ports.ts';

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A base port of `scripts/start` all of whose ports are free; below the range that the system hands out. */
export async function freeBase(): Promise<number> {
  for (;;) {
    const base = 10_000 + Math.floor(Math.random() * 20_000);
    const offsets = [25, 26, 65, 80, 87, 389];
    const obstacles = await Promise.all(offsets.map((offset) => obstacle(base + offset)));
    if (obstacles.every((one) => one === undefined)) return base;
  }
}
