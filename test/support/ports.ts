import { randomInt } from 'node:crypto';
import { obstacle } from '../../scripts/demo/ports.ts';

/**
 * Below the ports that the system gives to clients, so that none of them can take one meanwhile. Test processes that
 * run at once begin in blocks of their own, and a process is never given a port twice: what listens on a port that a
 * test got is what this test started.
 */
const lowest = 10_000;
const blockSize = 500;
const blocks = 44;

const firstBlock = process.pid % blocks;
let taken = randomInt(blockSize / 2);

/** Ports of 127.0.0.1 that nobody listens on. */
export async function freePorts<N extends number>(count: N): Promise<Tuple<N>> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = nextPorts(1);
    if ((await obstacle(port)) === undefined) ports.push(port);
  }
  return ports as Tuple<N>;
}

/**
 * Ports of servers that go and come back, on which meanwhile nobody else listens: between those of other tests and those that
 * the system gives to clients.
 */
export async function lastingPorts<N extends number>(count: N): Promise<Tuple<N>> {
  const [first, behind] = [lowest + blocks * blockSize, 32_768];
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(first, behind);
    if ((await obstacle(port)) === undefined) ports.add(port);
  }
  return [...ports] as Tuple<N>;
}

type Tuple<N extends number, T extends number[] = []> = T['length'] extends N ? T : Tuple<N, [...T, number]>;

/** A port after which those at all the offsets are free as well. */
export async function freeBase(offsets: readonly number[]): Promise<number> {
  for (;;) {
    const base = nextPorts(Math.max(...offsets) + 1);
    const obstacles = await Promise.all(offsets.map((offset) => obstacle(base + offset)));
    if (obstacles.every((one) => one === undefined)) return base;
  }
}

/** The first of so many ports in a row. */
function nextPorts(count: number): number {
  const first = lowest + ((firstBlock * blockSize + taken) % (blocks * blockSize));
  taken += count;
  return first;
}
