import { derived } from '../../core/derived.ts';
import { limitsOf } from '../../core/guessing/limits.ts';
import { networkSet } from '../../core/network.ts';
import type { Policy } from '../../core/settings/settings.ts';
import type { Rules } from './guard.ts';

/** The rules that a policy means; made once of each. */
export const rulesOf = derived(({ guessing, sender }: Policy): Rules => ({
  limits: limitsOf(guessing),
  subaddressSeparator: sender.subaddress_separator,
  isShared: networkSet(guessing.shared_networks),
}));
