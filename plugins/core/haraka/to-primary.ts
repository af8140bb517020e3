import { addHook } from './hook.ts';
import type { Next, Plugin, Worker } from './types.ts';

/** From a worker to its primary: the name of the event is ours alone, and there is no key `cmd`, which Haraka would obey. */
export interface Message {
  readonly event: `gatekeeper.${string}`;
}

/** Sends a message from a worker; `done` hears whether it is on its way. Never throws. */
export function tellPrimary(message: Message, done: (isSent: boolean) => void): void {
  try {
    if (!process.connected || !process.send) done(false);
    else process.send(message, undefined, undefined, (error) => done(error === null));
  } catch {
    done(false);
  }
}

/** Hands every message of a name to `take`, in the primary; those of workers that are forked later, too. */
export function hearWorkers(
  plugin: Plugin,
  event: Message['event'],
  take: (worker: Worker, message: object) => void,
): void {
  const begin = (next: Next) => {
    plugin.haraka_require('server').cluster?.on('message', (worker, message) => {
      if (isMessage(message) && message.event === event) take(worker, message);
    });
    next();
  };
  addHook(plugin, 'init_master', `gatekeeper_hear_${event.replace(/\W/g, '_')}`, begin);
}

/** Calls `work` in a worker when it is about to leave its primary: at a graceful restart, before its last sessions end. */
export function whenLeaving(work: () => void): void {
  process.on('message', (message: unknown) => {
    if (isMessage(message) && message.event === 'plugins.shutdown') work();
  });
}

function isMessage(message: unknown): message is { readonly event: string } {
  return typeof message === 'object' && message !== null && 'event' in message;
}
