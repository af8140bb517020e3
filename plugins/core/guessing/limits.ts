import type { Policy } from '../settings/settings.ts';
import type { Allowance } from './level.ts';

export type GuessingSettings = Policy['guessing'];

/** How much is allowed of each thing that is counted. */
export interface Limits {
  readonly account: Allowance;
  /** Of the network of one client. */
  readonly own: Allowance;
  /** Of those around it, as `Networks` names them. */
  readonly around: readonly Allowance[];
  /** What the directory may hear of; absent when it locks nobody out. */
  readonly directory?: Allowance;
  readonly longestDelayMs: number;
  readonly knownMs: number;
}

/** More people share a wider network; fewer than there are addresses. */
const widening = [4, 16];

const dayMs = 86_400_000;

/** The limits that settings mean. */
export function limitsOf(settings: GuessingSettings): Limits {
  const windowMs = settings.window_seconds * 1000;
  const allowed = (limit: number): Allowance => ({ limit, windowMs });
  const { directory_failures: directory } = settings;
  return {
    account: allowed(settings.account_failures),
    own: allowed(settings.network_failures),
    around: widening.map((factor) => allowed(settings.network_failures * factor)),
    // While one half is used at once, the other half may drain and be used again.
    ...(directory > 0 && { directory: allowed(Math.max(1, Math.floor(directory / 2))) }),
    longestDelayMs: settings.longest_delay_seconds * 1000,
    knownMs: settings.known_days * dayMs,
  };
}
