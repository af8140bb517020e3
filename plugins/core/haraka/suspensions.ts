import { resolve } from 'node:path';
import { derived } from '../derived.ts';
import type { Policy } from '../settings/settings.ts';
import { Suspensions } from '../suspension/registry.ts';
import { harakaDirectory } from './instance.ts';

/** Who is suspended on this host, for all processes of Haraka. */
export const suspensionsOf: (policy: Policy) => Suspensions = derived(
  ({ data_directory }: Policy) => new Suspensions(resolve(harakaDirectory(), data_directory)),
);
