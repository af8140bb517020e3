import { resolve } from 'node:path';
import { AggregatorRegistry, Gauge, Registry } from 'prom-client';
import type { Served } from '../core/certificate/served.ts';
import { harakaDirectory } from '../core/haraka/instance.ts';
import { settingsState } from '../core/haraka/settings-in-force.ts';
import { foldersIn, namesIn } from '../core/provenance/held.ts';
import type { Counts } from './metrics/counts.ts';
import { certificateExpiry, gauges, type GaugeName } from './metrics/table.ts';

const registry = new Registry();

/** Content type of what `metricsOf` gives. */
export const metricsType = registry.contentType;

/** What was counted, and what is read now, in the text format of Prometheus. */
export async function metricsOf(counts: Counts): Promise<string> {
  const read = await registry.getMetricsAsJSON();
  return AggregatorRegistry.aggregate([read, counts.exposed()]).metrics();
}

/** Has a gauge read whenever somebody asks. */
export function gauge(name: GaugeName, value: () => number | Promise<number>): void {
  const collect = async () => metric.set(await value());
  const metric: Gauge = new Gauge({ name, help: gauges[name], registers: [registry], collect });
}

/** Of a listener. */
export function measureCertificates(served: () => readonly Served[]): void {
  const metric = new Gauge<'file'>({
    ...certificateExpiry,
    labelNames: ['file'],
    registers: [registry],
    collect: () => {
      metric.reset();
      for (const { file, validTo } of served()) metric.set({ file }, validTo.getTime() / 1000);
    },
  });
}

gauge('gatekeeper_settings_last_reload_successful', () => (settingsState().refused === undefined ? 1 : 0));
gauge('gatekeeper_settings_in_force_since_seconds', () => settingsState().since.getTime() / 1000);
gauge('gatekeeper_held_messages', async () => {
  const { data_directory: directory } = settingsState().settings.policy;
  return (await namesIn(foldersIn(resolve(harakaDirectory(), directory)).held)).length;
});
gauge('gatekeeper_emergency', () => (settingsState().settings.policy.emergency ? 1 : 0));
