import { hookPlaces, type HookPlace } from '../hook.ts';
import { definePatch, expect } from '../patch.ts';
import type { Plugin, RegisteredHook } from '../types.ts';

/** Puts our hooks where they have to stand, once all plugins are loaded and it is known which checks there are. */
export const hookOrder = definePatch({
  name: 'hook-order',
  reaches: '`registered_hooks` of plugins, each in the order in which they run',
  why: 'Haraka takes whole numbers from -100 to 100, chosen before anybody knows what else there is; of two with the same number that runs first which was loaded first.',
  install(plugin) {
    for (const place of hookPlaces()) {
      const entry = entryOf(plugin, place);
      if (entry) entry.priority = place.priority;
    }
    for (const hook of new Set(hookPlaces().map((place) => place.hook))) {
      // Of the same priority each stays where Haraka has put it.
      registeredAt(plugin, hook).sort((one, other) => one.priority - other.priority);
    }
    return undefined;
  },
  selfTest(plugin) {
    for (const place of hookPlaces()) {
      const list = registeredAt(plugin, place.hook);
      const at = list.findIndex((entry) => isAt(entry, place));
      expect(`hook ${place.method} to be registered`, at >= 0);
      const early = list.slice(0, at).every(({ priority }) => priority <= place.priority);
      const late = list.slice(at).every(({ priority }) => priority >= place.priority);
      expect(`hook ${place.method} to run in its turn`, early && late);
    }
  },
});

function registeredAt(plugin: Plugin, hook: string): RegisteredHook[] {
  return plugin.haraka_require('plugins').registered_hooks[hook] ?? [];
}

function entryOf(plugin: Plugin, place: HookPlace): RegisteredHook | undefined {
  return registeredAt(plugin, place.hook).find((entry) => isAt(entry, place));
}

function isAt(entry: RegisteredHook, { plugin, method }: HookPlace): boolean {
  return entry.plugin === plugin && entry.method === method;
}
