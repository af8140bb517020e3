import type { Policy } from '../settings/settings.ts';
import { createDns } from './client.ts';
import type { Dns } from './dns.ts';

/** A client for the servers of the settings, or for those of the system where they name none; `validates`: what they say of authenticity is believed. */
export function configuredDns(
  { servers, timeout_seconds }: Policy['dns'],
  validates = false,
): Dns & { close(): void } {
  return createDns({ ...(servers.length > 0 && { servers }), timeout: timeout_seconds * 1000, validates });
}
