import { z } from 'zod';
import { parseDomain } from '../mailbox.ts';
import { parseNetwork } from '../network.ts';

/** What several settings are made of. */

export const domain = z.string().refine((text) => parseDomain(text) !== undefined, 'expected a domain name');

export const network = z
  .string()
  .refine(
    (text) => parseNetwork(text) !== undefined,
    'expected ADDRESS or ADDRESS/PREFIX, and not everybody',
  );

export const name = z.string().regex(/^[\w.-]{1,64}$/, 'expected a name of letters, digits, . - _');
