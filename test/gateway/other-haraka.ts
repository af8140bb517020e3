import { join } from 'node:path';
import type { TestGateway, TestGatewayOptions } from '../support/gateway.ts';

/** A plugin of the tests. */
export const plugin = (name: string) => join(import.meta.dirname, '../haraka-plugins', `${name}.js`);

/** A gateway on a Haraka that differs from the one that the patches know, in these ways of other-haraka.js. */
export const different = (ways: readonly string[], options: TestGatewayOptions = {}): TestGatewayOptions => ({
  ...options,
  first: [plugin('other-haraka'), ...(options.first ?? [])],
  config: { 'other-haraka': ways.join('\n'), ...options.config },
});

/** The patches that the log says are left out, each time it says so. */
export function leftOut(gateway: TestGateway): string[] {
  const lines = gateway.log().matchAll(/is not as the patch (\S+) needs it: .*; it is left out: /g);
  return [...lines].map(([, patch]) => patch ?? '');
}
