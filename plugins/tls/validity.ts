import { validityNote, type Served } from '../core/certificate/served.ts';
import { addHook } from '../core/haraka/hook.ts';
import { certificatesServed } from '../core/haraka/patches/certificate-files.ts';
import type { Next, Plugin } from '../core/haraka/types.ts';

const dayMs = 24 * 3600 * 1000;

/** Tells at the start and every day of certificates that expire soon, have expired, or are not valid yet: in one process only. */
export function tellOfValidity(plugin: Plugin): void {
  const tell = () => {
    for (const served of certificatesServed(plugin)) logValidity(plugin, served, new Date());
  };
  const begin = (next: Next) => {
    tell();
    setInterval(tell, dayMs).unref();
    next();
  };
  addHook(plugin, 'init_master', 'gatekeeper_validity', begin);
}

/** One line, where there is something to say. */
export function logValidity(plugin: Plugin, served: Served, now: Date): void {
  const note = validityNote(served, now);
  if (!note) return;
  if (note.isValid) plugin.logwarn(`TLS: ${note.text}`);
  else
    plugin.logcrit(`TLS: ${note.text}; it is shown, since mail has to flow, and who looks at it goes away`);
}
