import { addHook } from '../core/haraka/hook.ts';
import type { Next, Plugin } from '../core/haraka/types.ts';
import { messageOf } from '../core/message-of.ts';
import type { Policy, Settings } from '../core/settings/settings.ts';

/** Whether something is due is looked for as often. */
const lookMs = 20_000;

/** What failed is tried again after so long. */
const againMs = 60_000;

/** What is sent once a day. */
export interface Daily {
  /** As hooks call it. */
  readonly name: string;
  /** As people do. */
  readonly what: string;
  readonly isWanted: (policy: Policy) => boolean;
  /** Rejects where it has to be tried again. */
  readonly sendIfDue: (settings: Settings) => Promise<void>;
}

/** Sends by the settings in force, in the primary process alone, which runs `init_master` with any number of workers. */
export function sendDaily(
  plugin: Plugin,
  { name, what, isWanted, sendIfDue }: Daily,
): (settings: Settings) => () => void {
  let settings: Settings | undefined;
  let isBusy = false;
  let notBefore = 0;
  const look = async () => {
    if (isBusy || !settings || !isWanted(settings.policy) || performance.now() < notBefore) return;
    isBusy = true;
    try {
      await sendIfDue(settings);
    } catch (error) {
      notBefore = performance.now() + againMs;
      plugin.logcrit(`the ${what} was not sent, and will be tried again: ${messageOf(error)}`);
    } finally {
      isBusy = false;
    }
  };
  const begin = (next: Next) => {
    setInterval(() => void look(), lookMs).unref();
    next();
  };
  addHook(plugin, 'init_master', name, begin);
  return (next) => () => void (settings = next);
}
