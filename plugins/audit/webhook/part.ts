import { hearEvents } from '../../core/events/event.ts';
import { configDirectory } from '../../core/haraka/instance.ts';
import type { Part } from '../../core/haraka/startup.ts';
import type { Plugin } from '../../core/haraka/types.ts';
import { oncePerMinute } from '../../core/once-per-minute.ts';
import type { Counts } from '../metrics/counts.ts';
import { openDestination, webhookFiles } from './destination.ts';
import { Webhook, type Observer } from './webhook.ts';

/** The webhook of the settings in force, of this process; `waiting` are its events that wait. */
export function webhookPart(plugin: Plugin, counts: Counts): { part: Part; waiting: () => number } {
  const webhook = new Webhook(observerOf(plugin, counts));
  hearEvents((event) => webhook.append(event));
  const part: Part = {
    files: (policy) => webhookFiles(policy, configDirectory()),
    prepare: ({ policy: { audit } }) => {
      const destination = audit.webhook && openDestination(audit.webhook, configDirectory());
      return () => webhook.use(destination);
    },
    // Events are kept elsewhere; the log has why they are not sent.
    fallback: () => webhook.use(undefined),
  };
  return { part, waiting: () => webhook.waiting };
}

function observerOf(plugin: Plugin, counts: Counts): Observer {
  const complain = oncePerMinute(() => performance.now());
  let lost = 0;
  return {
    onRequest: (answer) => counts.add('gatekeeper_webhook_requests_total', [answer]),
    onEvents: (result, count) => {
      counts.add('gatekeeper_webhook_events_total', [result], count);
      if (result === 'sent') return;
      lost += count;
      counts.add('gatekeeper_events_lost_total', ['webhook'], count);
    },
    onFault: (problem) =>
      complain(() => plugin.logerror(`webhook: ${problem}; ${lost} events lost since the start`)),
  };
}
