import { randomUUID } from 'node:crypto';
import { publish, type EventDraft } from '../events/event.ts';
import { node } from './outcome.ts';
import { recording } from './recording.ts';
import type { Plugin } from './types.ts';

const check = 'audit/settings';

/** Enough for what is wrong with several files. */
const longestDetail = 2000;

/** What became of settings; who has written them is not known. */
export interface SettingsChange {
  /** Of those in force from now on. */
  readonly revision: string;
  /** What happened, or what is wrong with those that were refused. */
  readonly what: string;
  readonly isRefused?: boolean;
}

/** Publishes the event of settings that came into force, at the start too, or were refused. In the primary only: once for all. */
export function recordSettings(plugin: Plugin, { revision, what, isRefused = false }: SettingsChange): void {
  const event: EventDraft = {
    ...{ v: 1, time: new Date().toISOString(), node, reference: `${randomUUID().toUpperCase()} ${check}` },
    ...{ check, verdict: isRefused ? 'refuse' : 'pass', mode: 'enforce' },
    ...(isRefused && { reason: 'settings-refused' }),
    ...{ detail: what.replaceAll('\n', '; ').slice(0, longestDetail), revision, latency_ms: 0 },
  };
  recording(plugin, (complain) => {
    publish(event, complain);
  });
}
