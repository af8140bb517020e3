import type { Dns } from '../core/dns/dns.ts';
import { demandPatch } from '../core/haraka/patch.ts';
import { hardenSpfPlugin } from '../core/haraka/patches/harden-spf-plugin.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import { isLoaded, spfPluginName } from '../core/haraka/spf-plugin.ts';
import type { Plugin } from '../core/haraka/types.ts';
import type { Settings } from '../core/settings/settings.ts';

/** What keeps haraka-plugin-spf from being hardened, where settings ask for it; it is as they say once they are in force. */
export function hardeningProblems(plugin: Plugin, { policy }: Settings, dns: () => Dns): readonly string[] {
  if (!policy.spf.harden_spf_plugin || !isLoaded(plugin, spfPluginName)) return [];
  const isWanted = () => currentSettings().policy.spf.harden_spf_plugin;
  const problem = demandPatch(plugin, hardenSpfPlugin, dns, isWanted);
  return problem === undefined ? [] : [problem];
}
