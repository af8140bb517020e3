import { z } from 'zod';
import { isLoopback } from '../directory/endpoint.ts';
import { parseDomain, parseMailbox } from '../mailbox.ts';
import { parseNetwork } from '../network.ts';

/** What several settings are made of. */

export const domain = z.string().refine((text) => parseDomain(text) !== undefined, 'expected a domain name');

export const domainPattern = z
  .string()
  .refine(
    (text) => parseDomain(text.replace(/^\*\./, '')) !== undefined,
    'expected a domain name, or *.DOMAIN',
  );

export const network = z
  .string()
  .refine(
    (text) => parseNetwork(text) !== undefined,
    'expected ADDRESS or ADDRESS/PREFIX, and not everybody',
  );

export const name = z.string().regex(/^[\w.-]{1,64}$/, 'expected a name of letters, digits, . - _');

export const mailbox = z.string().refine((text) => parseMailbox(text) !== undefined, 'expected LOCAL@DOMAIN');

export const url = z
  .string()
  .refine(
    (text) => isSafeUrl(text),
    'expected https://HOST[:PORT]/PATH without a login in it; http:// to a loopback address only',
  );

/** Over http anybody in between could read, and answer what they like. */
function isSafeUrl(text: string): boolean {
  if (!/^https?:\/\/[^\s#\\]+$/.test(text) || !URL.canParse(text)) return false;
  const { username, password, protocol, hostname } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
}
