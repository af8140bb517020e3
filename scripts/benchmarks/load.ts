import { visit, type Visitor } from './visit.ts';

/** What some visitors did in some time. */
export interface Load {
  readonly sessions: number;
  readonly seconds: number;
  /** Of the sessions, how many resumed TLS. */
  readonly resumed: number;
  /** Protocols and cipher suites that were negotiated. */
  readonly tls: readonly string[];
}

/** Lets the visitors come again and again, all at once, for so long; rejects when any session fails. */
export async function load(
  visitors: readonly Visitor[],
  seconds: number,
  signal: AbortSignal,
): Promise<Load> {
  const tls = new Set<string>();
  let [sessions, resumed, failed] = [0, 0, false];
  const began = performance.now();
  const isOver = () => failed || performance.now() - began > seconds * 1000;
  const comeAgain = async (visitor: Visitor): Promise<void> => {
    while (!isOver()) {
      signal.throwIfAborted();
      const done = await visit(visitor);
      sessions += 1;
      resumed += done.resumed ? 1 : 0;
      tls.add(done.tls);
    }
  };
  const fail = (error: unknown): never => {
    failed = true;
    throw error;
  };
  const all = visitors.map((visitor) => comeAgain(visitor).catch(fail));
  // A failure is told when nobody talks to the server any more.
  await Promise.allSettled(all);
  await Promise.all(all);
  return { sessions, resumed, tls: [...tls], seconds: (performance.now() - began) / 1000 };
}
