import { definePatch, expect } from '../patch.ts';
import { answerOf, stranger } from '../throw-away.ts';
import type { Next, Plugin } from '../types.ts';

/** Takes the time limit from a plugin that queues. */
export const queueUntimed = definePatch({
  name: 'queue-untimed',
  reaches: '`timeout` of our own plugin object',
  why: "Haraka's timeout answers 450 while a message is being written: the client sends it again, and it goes out twice. Only a file of the operator's sets it.",
  fallback:
    'a message that takes longer to queue than plugin_timeout may go out twice, unless config/gatekeeper/outbound.timeout says 0',
  install: (plugin) => {
    const before = plugin.timeout;
    plugin.timeout = 0;
    return () => {
      plugin.timeout = before;
    };
  },
  selfTest(plugin) {
    expect('no timer to run for a plugin whose timeout is 0', timersFor(plugin, plugin) === 0);
    expect('one to run for another', timersFor(plugin, { ...stranger, timeout: 60 }) === 1);
  },
});

/** How many timers Haraka starts for a hook that thinks. */
function timersFor(plugin: Plugin, of: Pick<Plugin, 'name' | 'timeout'>): number {
  const before = timers();
  let started = 0;
  const run = (next: Next) => {
    started = timers() - before;
    next();
  };
  answerOf(plugin, { probe: [{ of, run }] });
  return started;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}
