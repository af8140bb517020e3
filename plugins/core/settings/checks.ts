import { z } from 'zod';
import { mode } from './mode.ts';

/** A check that a plugin of others declares. */
export const check = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_-]*\/[a-z][a-z0-9_-]*$/, 'expected PLUGIN/CHECK')
    .describe('As events and replies call it: PLUGIN/CHECK'),
  mode,
});
