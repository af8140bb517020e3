import { z } from 'zod';
import type { Mode } from '../words.ts';

const modes = ['enforce', 'observe', 'off'] as const satisfies readonly Mode[];

export function isMode(value: unknown): value is Mode {
  return modes.some((mode) => mode === value);
}

/** The mode of a content policy, which `emergency` turns from enforce to observe. */
export function modeInForce(mode: Mode, { emergency }: { readonly emergency?: 'observe' | undefined }): Mode {
  return mode === 'enforce' && emergency ? emergency : mode;
}

const schema = z.enum(modes);

export const mode = schema
  .default('enforce')
  .describe('Enforce refuses, observe records what it would refuse, off does not look');

/** For what has to be watched before it is enforced. */
export const modeObserve = schema.default('observe');
