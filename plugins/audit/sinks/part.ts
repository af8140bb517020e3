import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { storePlace } from '../../core/events/open.ts';
import type { EventSink } from '../../core/events/sink.ts';
import { addHook } from '../../core/haraka/hook.ts';
import { harakaDirectory } from '../../core/haraka/instance.ts';
import { node } from '../../core/haraka/outcome.ts';
import { serveEventSinks } from '../../core/haraka/sinks.ts';
import { currentSettings } from '../../core/haraka/settings-in-force.ts';
import type { Next, Plugin } from '../../core/haraka/types.ts';
import { oncePerMinute } from '../../core/once-per-minute.ts';
import type { Policy, Settings } from '../../core/settings/settings.ts';
import type { Counts } from '../metrics/counts.ts';
import { SinkRun, type Observer, type Where } from './run.ts';

/** The sinks of other plugins. */
export interface Sinks {
  readonly follow: (settings: Settings) => () => void;
  /** How long ago the first event fell that one of them has not taken, in seconds. */
  readonly lag: () => number;
}

/** Hands events to the sinks of other plugins, in the primary process alone, which runs `init_master` with any number of workers. */
export function runSinks(plugin: Plugin, counts: Counts): Sinks {
  const sinks = serveEventSinks();
  const begun = new Date();
  let runs: readonly SinkRun[] = [];
  let used: object | undefined;
  const begin = (next: Next) => {
    const { policy } = currentSettings();
    used = whereabouts(policy);
    runs = sinks.map((sink) => {
      const observer = observerOf(plugin, sink, counts);
      return new SinkRun({ sink, node, begun, observer }, whereOf(policy));
    });
    for (const run of runs) void run.run();
    next();
  };
  addHook(plugin, 'init_master', 'gatekeeper_sinks', begin);
  const follow =
    ({ policy }: Settings) =>
    () => {
      const now = whereabouts(policy);
      if (used === undefined || isDeepStrictEqual(now, used)) return;
      used = now;
      for (const run of runs) run.use(whereOf(policy));
    };
  return { follow, lag: () => Math.max(0, ...runs.map(({ lag }) => lag)) };
}

/** What makes it another place. */
function whereabouts({ data_directory: directory, audit }: Policy): object {
  const { store, file, postgresql } = audit;
  return { directory, store, file, postgresql };
}

function whereOf(policy: Policy): Where {
  return {
    place: () => storePlace({ policy, harakaDirectory: harakaDirectory() }),
    data: resolve(harakaDirectory(), policy.data_directory),
  };
}

function observerOf(plugin: Plugin, { name }: EventSink, counts: Counts): Observer {
  const [complain, tell] = [oncePerMinute(() => performance.now()), oncePerMinute(() => performance.now())];
  return {
    onEvents: (result, count) => counts.add('gatekeeper_sink_events_total', [name, result], count),
    onFault: (problem) => complain(() => plugin.logerror(`event sink ${name}: ${problem}`)),
    onNews: (what) => tell(() => plugin.lognotice(`event sink ${name}: ${what}`)),
  };
}
