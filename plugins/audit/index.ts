import { isDeepStrictEqual } from 'node:util';
import { resolve } from 'node:path';
import { addEventSink } from '../core/event.ts';
import { addHook } from '../core/haraka/hook.ts';
import { harakaDirectory } from '../core/haraka/instance.ts';
import { certificatesServed } from '../core/haraka/patches/certificate-files.ts';
import { start } from '../core/haraka/startup.ts';
import type { Next, Plugin } from '../core/haraka/types.ts';
import { jsonLine } from '../core/json-line.ts';
import type { Policy, Settings } from '../core/settings/settings.ts';
import { oncePerMinute } from '../core/once-per-minute.ts';
import { EventFile } from './event-file.ts';
import { HttpServer } from './http.ts';
import { measureCertificates } from './metrics.ts';

export function register(this: Plugin): void {
  const events = eventsOf(this);
  const http = httpOf(this);
  measureCertificates(() => certificatesServed(this));
  start(this, {
    prepare: (settings) => {
      const commits = [events(settings), http(settings)];
      return () => commits.forEach((commit) => commit());
    },
  });
}

/** Events go to the file of the settings in force. */
function eventsOf(plugin: Plugin): (settings: Settings) => () => void {
  let used: Policy['audit'] | undefined;
  let file: EventFile | undefined;
  addEventSink((event) => file?.append(jsonLine(event)));
  process.on('exit', () => file?.flush());
  return ({ policy: { audit } }) => {
    if (isDeepStrictEqual(audit, used)) return () => undefined;
    const next = openEventFile(plugin, audit);
    return () => {
      file?.flush();
      [used, file] = [audit, next];
    };
  };
}

function openEventFile(plugin: Plugin, { file, max_bytes: maxBytes, keep }: Policy['audit']): EventFile {
  const path = resolve(harakaDirectory(), file);
  const complain = oncePerMinute(() => performance.now());
  return new EventFile(path, { maxBytes, keep }, (problem, lost) => {
    complain(() => {
      plugin.logcrit(`events: ${path} cannot be written or rotated: ${problem}; ${lost} events lost so far`);
    });
  });
}

/** In the primary process only, which runs `init_master` with any number of workers. */
function httpOf(plugin: Plugin): (settings: Settings) => () => void {
  const server = new HttpServer((problem) => plugin.logcrit(problem));
  const begin = (next: Next) => {
    server.begin();
    next();
  };
  addHook(plugin, 'init_master', 'gatekeeper_http', begin);
  return ({ policy }) =>
    () =>
      server.listenOn(policy.http);
}
