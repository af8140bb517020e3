import { hearEvents } from '../core/events/event.ts';
import { storeFiles } from '../core/events/places.ts';
import { addHook } from '../core/haraka/hook.ts';
import { configDirectory } from '../core/haraka/instance.ts';
import { certificatesServed } from '../core/haraka/patches/certificate-files.ts';
import { start, type Part } from '../core/haraka/startup.ts';
import type { Next, Plugin } from '../core/haraka/types.ts';
import { Workers } from '../core/haraka/workers.ts';
import type { Settings } from '../core/settings/settings.ts';
import { sendDigests } from './digest/part.ts';
import { HttpServer } from './http.ts';
import { keepEvents } from './keeping.ts';
import { gauge, measureCertificates, metricsOf } from './metrics.ts';
import { Counts } from './metrics/counts.ts';
import { countEvent } from './metrics/of-event.ts';
import { countTogether } from './metrics/workers.ts';
import { unstoredAnywhere, type Unstored } from './unstored.ts';
import { tellSessions } from './sessions.ts';
import { runSinks } from './sinks/part.ts';
import { sendTlsReports } from './tls-reports/part.ts';
import { webhookPart } from './webhook/part.ts';

export function register(this: Plugin): void {
  const counts = new Counts();
  const events = keepEvents(this, () => counts.add('gatekeeper_events_lost_total', ['store']));
  const unstored = unstoredAnywhere(this, events.unstored);
  const http = httpOf(this, counts, unstored);
  hearEvents((event) => countEvent(counts, event));
  const webhook = webhookPart(this, counts);
  const waiting = countTogether(this, counts, webhook.waiting);
  tellSessions(this);
  const digests = sendDigests(this);
  const tlsReports = sendTlsReports(this);
  const sinks = runSinks(this, counts);
  gauge('gatekeeper_sink_lag_seconds', sinks.lag);
  gauge('gatekeeper_webhook_waiting_events', waiting);
  measureCertificates(() => certificatesServed(this));
  const part: Part = {
    rereads: (policy) => storeFiles(policy, configDirectory()),
    prepare: (settings) => {
      const followers = [events.follow, http, digests, tlsReports, sinks.follow];
      const commits = followers.map((follow) => follow(settings));
      return () => commits.forEach((commit) => commit());
    },
  };
  start(this, part, webhook.part);
}

/** In the primary process only, which runs `init_master` with any number of workers. */
function httpOf(plugin: Plugin, counts: Counts, unstored: Unstored): (settings: Settings) => () => void {
  const server = new HttpServer({ metrics: () => metricsOf(counts), unstored }, (problem) =>
    plugin.logcrit(problem),
  );
  gauge('gatekeeper_workers', () => new Workers(plugin.haraka_require('server').cluster).count);
  const begin = (next: Next) => {
    server.begin();
    next();
  };
  addHook(plugin, 'init_master', 'gatekeeper_http', begin);
  return ({ policy }) =>
    () =>
      server.listenOn(policy.http);
}
