import type { SpfResult } from '../spf/result.ts';
import type { Plugin } from './types.ts';

/** How haraka-plugin-spf (1.3) calls results: karma and other plugins know them by these numbers and words. */
export const spfPluginResults = {
  none: { code: 1, word: 'None' },
  pass: { code: 2, word: 'Pass' },
  fail: { code: 3, word: 'Fail' },
  softfail: { code: 4, word: 'SoftFail' },
  neutral: { code: 5, word: 'Neutral' },
  temperror: { code: 6, word: 'TempError' },
  permerror: { code: 7, word: 'PermError' },
} as const satisfies Record<SpfResult, { readonly code: number; readonly word: string }>;

/** Under which name it is loaded, and adds its results. */
export const spfPluginName = 'spf';

/** Whether a plugin of that name is loaded; asked when all are. */
export function isLoaded(plugin: Plugin, name: string): boolean {
  return plugin.haraka_require('plugins').registered_plugins[name] !== undefined;
}
