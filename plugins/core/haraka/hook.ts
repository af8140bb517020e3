import type { Plugin } from './types.ts';

/**
 * Registers a function with Haraka as a method of the plugin. Its name must not begin with `hook_`: Haraka registers those
 * by itself, too. `priority` is from -100, first, to 100.
 */
export function addHook(
  plugin: Plugin,
  hook: string,
  method: string,
  run: (...given: never[]) => void,
  priority = 0,
): void {
  Object.assign(plugin, { [method]: run });
  plugin.register_hook(hook, method, priority);
}
