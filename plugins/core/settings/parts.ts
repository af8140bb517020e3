import { z } from 'zod';
import { parseDomain, parseMailbox } from '../mailbox.ts';
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

export const mailbox = z.string().refine((text) => parseMailbox(text) !== undefined, 'expected LOCAL@DOMAIN');
