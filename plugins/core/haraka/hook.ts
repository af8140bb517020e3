import type { Plugin } from './types.ts';

/** Where a function of ours stands among all that Haraka runs at a hook. */
export interface HookPlace {
  readonly plugin: string;
  readonly hook: string;
  readonly method: string;
  /** Lower is earlier. May be any number: what Haraka makes of it at first, `hook-order` puts right before it listens. */
  priority: number;
}

const places: HookPlace[] = [];

/** All that were registered. */
export function hookPlaces(): readonly HookPlace[] {
  return places;
}

/**
 * Registers a function with Haraka as a method of the plugin. Its name must not begin with `hook_`: Haraka registers those
 * by itself, too.
 */
export function addHook(
  plugin: Plugin,
  hook: string,
  method: string,
  run: (...given: never[]) => void,
  priority = 0,
): HookPlace {
  Object.assign(plugin, { [method]: run });
  plugin.register_hook(hook, method, priority);
  const place = { plugin: plugin.name, hook, method, priority };
  places.push(place);
  return place;
}
