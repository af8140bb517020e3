import { Gauge, Registry } from 'prom-client';
import { settingsState } from '../core/haraka/settings-in-force.ts';

const registry = new Registry();

/** Content type of `metrics()`. */
export const metricsType = registry.contentType;

/** The metrics of this process in the text format of Prometheus. */
export function metrics(): Promise<string> {
  return registry.metrics();
}

function gauge(name: string, help: string, value: () => number): void {
  const metric: Gauge = new Gauge({ name, help, registers: [registry], collect: () => metric.set(value()) });
}

gauge('gatekeeper_settings_last_reload_successful', '0 while newer settings are refused', () =>
  settingsState().refused === undefined ? 1 : 0,
);
gauge(
  'gatekeeper_settings_in_force_since_seconds',
  'When the settings in force were put in force',
  () => settingsState().since.getTime() / 1000,
);
gauge('gatekeeper_emergency', '1 while no content policy refuses anything', () =>
  settingsState().settings.policy.emergency ? 1 : 0,
);
