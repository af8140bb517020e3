import { resolve } from 'node:path';
import { KnownChains } from '../certificate/known-chains.ts';
import { derived } from '../derived.ts';
import type { Policy } from '../settings/settings.ts';
import { harakaDirectory } from './instance.ts';

/** Those of the data directory of a policy. */
export const knownChainsOf = derived(
  ({ data_directory }: Policy) => new KnownChains(resolve(harakaDirectory(), data_directory)),
);
