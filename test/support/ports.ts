import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { obstacle } from '../../scripts/demo/ports.ts';

/**
 * Below the ports that the system gives to clients, so that none of them can take one meanwhile. Each test process has blocks of
 * its own and is never given a port twice: on a port that it got nobody else listens, also while its server is being restarted.
 */
const lowest = 10_000;
const blockSize = 500;
const blocks = 45;

interface Block {
  readonly first: number;
  used: number;
}

let block: Promise<Block> | undefined;

/** Ports of 127.0.0.1 that nobody listens on. */
export async function freePorts<N extends number>(count: N): Promise<Tuple<N>> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = await nextPorts(1);
    if ((await obstacle(port)) === undefined) ports.push(port);
  }
  return ports as Tuple<N>;
}

type Tuple<N extends number, T extends number[] = []> = T['length'] extends N ? T : Tuple<N, [...T, number]>;

/** A port after which those at all the offsets are free as well. */
export async function freeBase(offsets: readonly number[]): Promise<number> {
  for (;;) {
    const base = await nextPorts(Math.max(...offsets) + 1);
    const obstacles = await Promise.all(offsets.map((offset) => obstacle(base + offset)));
    if (obstacles.every((one) => one === undefined)) return base;
  }
}

/** The first of so many ports in a row. */
async function nextPorts(count: number): Promise<number> {
  for (;;) {
    const current = await (block ??= ownBlock());
    const { first, used } = current;
    if (used + count <= blockSize) {
      current.used += count;
      return first + used;
    }
    block = undefined;
  }
}

/** Whoever listens on the first port of a block has all of it, for as long as the process lives. */
async function ownBlock(): Promise<Block> {
  const start = randomInt(blocks);
  for (let at = 0; at < blocks; at += 1) {
    const first = lowest + ((start + at) % blocks) * blockSize;
    const claim = createServer().listen(first, '127.0.0.1').unref();
    try {
      await once(claim, 'listening');
      // What listened there a moment ago may not be gone yet.
      return { first, used: randomInt(1, blockSize / 2) };
    } catch {
      // Another process has it.
    }
  }
  throw new Error(`no block of ${blockSize} ports from ${lowest} on is free`);
}
