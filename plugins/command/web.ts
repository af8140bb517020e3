import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { EventsUnavailable } from '../core/events/store.ts';
import { messageOf } from '../core/message-of.ts';
import { createPageServer, type PageKeys } from '../web/server.ts';
import { installationOf, type Installation } from './installation.ts';
import { exitCode, Failure } from './output.ts';
import { spansAt } from '../web/pages/span.ts';
import { keepReady } from '../web/remembered.ts';
import { openSite, type OpenSite } from './web-site.ts';

const examples = `
A process of its own beside Haraka, run as the user that Haraka runs as: it reads
the events, the queue and held mail. Section web of the settings says where it
listens and who may log in; without tls it listens on a loopback address only.
What an admin asks for there the running gateway carries out. It ends at SIGTERM
or SIGINT, and with it all sessions.

Exit codes: 0 it was told to end, 69 the port or the events cannot be used, 78
the settings are wrong, or have no section web.

Examples:
  gatekeeper web
  gatekeeper web --haraka /srv/haraka`;

/** Adds `gatekeeper web`. */
export function addWeb(program: Command): void {
  program
    .command('web')
    .description('serve the page with logs, reports and the trail')
    .addHelpText('after', examples)
    .action(serve);
}

async function serve(_options: object, command: Command): Promise<void> {
  const installation = installationOf(command);
  const { web } = installation.settings.policy;
  if (!web) throw new Failure('the settings have no section web: see docs/web.md', exitCode.configuration);
  const site = siteOf(installation);
  try {
    const keys = keysOf(installation);
    const server = serverOf(() => createPageServer(site, keys));
    await listening(server, web.host, web.port);
    say(`${keys ? 'https' : 'http'}://${placeOf(server)}/`);
    keepReady(
      (span) => site.report(span),
      spansAt(() => site.now()),
    );
    await toldToEnd();
    server.close();
    server.closeAllConnections();
  } finally {
    await site.close();
  }
}

function siteOf(installation: Installation): OpenSite {
  try {
    return openSite(installation, say);
  } catch (error) {
    if (error instanceof EventsUnavailable) throw new Failure(error.message, exitCode.unavailable);
    throw error;
  }
}

function serverOf(create: () => Server): Server {
  try {
    return create();
  } catch (error) {
    throw new Failure(`web.tls: ${messageOf(error)}`, exitCode.configuration);
  }
}

function keysOf({ dir, settings }: Installation): PageKeys | undefined {
  const tls = settings.policy.web?.tls;
  if (!tls) return undefined;
  try {
    const [key, cert] = [tls.key, tls.cert].map((file) => readFileSync(resolve(join(dir, 'config'), file)));
    return key && cert && { key, cert };
  } catch (error) {
    throw new Failure(`web.tls: ${messageOf(error)}`, exitCode.configuration);
  }
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw new Failure(`web: ${messageOf(error)}`, exitCode.unavailable);
  }
}

function placeOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

async function toldToEnd(): Promise<void> {
  await new Promise<void>((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done());
  });
}

/** To standard error, where a service manager puts it into its log. */
function say(line: string): void {
  process.stderr.write(`gatekeeper web: ${line}\n`);
}
