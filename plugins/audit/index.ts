import { resolve } from 'node:path';
import { addEventSink } from '../core/event.ts';
import { harakaDirectory } from '../core/haraka/instance.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import { start } from '../core/haraka/startup.ts';
import type { Next, Plugin } from '../core/haraka/types.ts';
import { jsonLine } from '../core/json-line.ts';
import type { Policy } from '../core/settings.ts';
import { oncePerMinute } from '../core/once-per-minute.ts';
import { EventFile } from './event-file.ts';
import { serveHealth } from './health.ts';

export function register(this: Plugin): void {
  const { policy } = start(this);
  recordEvents(this, policy.audit);
  if (policy.http) serveHttp(this, policy.http);
}

function recordEvents(plugin: Plugin, { file, max_bytes: maxBytes, keep }: Policy['audit']): void {
  const path = resolve(harakaDirectory(), file);
  const complain = oncePerMinute(() => performance.now());
  const events = new EventFile(path, { maxBytes, keep }, (problem, lost) => {
    complain(() => {
      plugin.logcrit(`events: ${path} cannot be written or rotated: ${problem}; ${lost} events lost so far`);
    });
  });
  addEventSink((event) => {
    events.append(jsonLine(event));
  });
  process.on('exit', () => {
    events.flush();
  });
}

/** In the primary process only, which runs `init_master` with any number of workers. */
function serveHttp(plugin: Plugin, address: { readonly host: string; readonly port: number }): void {
  const listen = (next: Next) => {
    const health = () => ({ status: 'ok' as const, revision: currentSettings().revision });
    serveHealth(address, health, (error) => {
      plugin.logcrit(`no HTTP on ${address.host}:${address.port}: ${error.message}`);
    });
    next();
  };
  Object.assign(plugin, { gatekeeper_http: listen });
  plugin.register_hook('init_master', 'gatekeeper_http');
}
