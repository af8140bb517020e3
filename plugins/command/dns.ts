import { InvalidArgumentError, type Command } from 'commander';
import { createDns } from '../core/dns/client.ts';
import type { Dns } from '../core/dns/dns.ts';
import { parseEndpoint } from '../core/dns/endpoint.ts';
import type { Policy } from '../core/settings/settings.ts';

/** Who is asked instead of the servers of the settings. */
export interface ServerOptions {
  readonly server?: readonly string[];
}

/** Adds `--server`, which may stand several times. */
export function addServerOption(command: Command): Command {
  return command.option(
    '--server <address>',
    'DNS server to ask, as ADDRESS or ADDRESS:PORT, in place of those of the settings; may be repeated',
    (text: string, before: readonly string[] | undefined) => [...(before ?? []), address(text)],
  );
}

function address(text: string): string {
  if (parseEndpoint(text)) return text;
  throw new InvalidArgumentError('Expected ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT.');
}

/** Asks the DNS as the gateway would; without settings, and without servers, as this machine does. */
export async function askDns<T>(
  settings: Policy['dns'] | undefined,
  { server: named }: ServerOptions,
  ask: (dns: Dns) => Promise<T>,
): Promise<T> {
  const servers = named ?? settings?.servers ?? [];
  const dns = createDns({
    ...(servers.length > 0 && { servers }),
    ...(settings && { timeout: settings.timeout_seconds * 1000 }),
  });
  try {
    return await ask(dns);
  } finally {
    dns.close();
  }
}
