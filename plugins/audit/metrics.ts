import { resolve } from 'node:path';
import { Gauge, Registry } from 'prom-client';
import { harakaDirectory } from '../core/haraka/instance.ts';
import { settingsState } from '../core/haraka/settings-in-force.ts';
import { foldersIn, namesIn } from '../core/provenance/held.ts';

const registry = new Registry();

/** Content type of `metrics()`. */
export const metricsType = registry.contentType;

/** The metrics of this process in the text format of Prometheus. */
export function metrics(): Promise<string> {
  return registry.metrics();
}

function gauge(name: string, help: string, value: () => number | Promise<number>): void {
  const collect = async () => metric.set(await value());
  const metric: Gauge = new Gauge({ name, help, registers: [registry], collect });
}

gauge('gatekeeper_settings_last_reload_successful', '0 while newer settings are refused', () =>
  settingsState().refused === undefined ? 1 : 0,
);
gauge(
  'gatekeeper_settings_in_force_since_seconds',
  'When the settings in force were put in force',
  () => settingsState().since.getTime() / 1000,
);
gauge(
  'gatekeeper_held_messages',
  'Messages that are held until somebody releases or drops them',
  async () => {
    const { data_directory: directory } = settingsState().settings.policy;
    return (await namesIn(foldersIn(resolve(harakaDirectory(), directory)).held)).length;
  },
);
gauge('gatekeeper_emergency', '1 while no content policy refuses anything', () =>
  settingsState().settings.policy.emergency ? 1 : 0,
);
