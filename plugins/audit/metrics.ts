import { resolve } from 'node:path';
import { Gauge, Registry } from 'prom-client';
import type { Served } from '../core/certificate/served.ts';
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

/** Of a listener; the label is a file, of which there are as many as the operator has. */
export function measureCertificates(served: () => readonly Served[]): void {
  const metric = new Gauge<'file'>({
    name: 'gatekeeper_certificate_expiry_timestamp_seconds',
    help: 'When a certificate that clients are shown expires, in seconds since 1970',
    labelNames: ['file'],
    registers: [registry],
    collect: () => {
      metric.reset();
      for (const { file, validTo } of served()) metric.set({ file }, validTo.getTime() / 1000);
    },
  });
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
