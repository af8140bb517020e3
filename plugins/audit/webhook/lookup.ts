import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

type Waiter = (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void;

const waiting = new Map<string, Waiter[]>();

/**
 * Finds the addresses of a host, once for all who ask meanwhile. Each search takes one of four threads that files need, too:
 * with a resolver that is silent for longer than a request may last, tries would take one after the other.
 */
export const sharedLookup: LookupFunction = (hostname, { all }, callback) => {
  const waiter: Waiter = (error, addresses) => {
    const [first] = addresses;
    if (error || !first) callback(error ?? new Error(`${hostname} has no address`), '');
    else if (all) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
  const others = waiting.get(hostname);
  if (others) {
    others.push(waiter);
    return;
  }
  const waiters = [waiter];
  waiting.set(hostname, waiters);
  lookup(hostname, { all: true }, (error, addresses) => {
    waiting.delete(hostname);
    for (const each of waiters) each(error, error ? [] : addresses);
  });
};
