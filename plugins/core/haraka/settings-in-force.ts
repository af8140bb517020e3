import { readSettingsFile, SettingsError } from '../settings-file.ts';
import type { Settings } from '../settings.ts';
import { configPath, isWorker } from './instance.ts';
import type { Plugin } from './types.ts';

/** A worker that the primary forks again after a crash finds here what the primary began with. */
const lastGoodVariable = 'GATEKEEPER_SETTINGS';

let inForce: Settings | undefined;

/** Reads the settings of this process; throws `SettingsError`, but in a worker that has those of the start to go on with. */
export function loadSettings(plugin: Plugin): void {
  try {
    inForce = readSettingsFile(configPath('gatekeeper.yaml'));
    // The variable holds the policy, in which no secret stands.
    process.env[lastGoodVariable] = JSON.stringify(inForce);
  } catch (error) {
    const kept = process.env[lastGoodVariable];
    if (!(error instanceof SettingsError) || !isWorker() || kept === undefined) throw error;
    plugin.logcrit(`settings are broken, going on with those of the start: ${error.message}`);
    inForce = JSON.parse(kept) as Settings;
  }
}

/** The newest settings that were good. */
export function currentSettings(): Settings {
  if (!inForce) throw new Error('no gatekeeper plugin was started');
  return inForce;
}
