import { resolve } from 'node:path';
import { publish } from '../core/events/event.ts';
import { operatorEvent } from '../core/events/operator.ts';
import { addHook } from '../core/haraka/hook.ts';
import { harakaDirectory } from '../core/haraka/instance.ts';
import { settingsState } from '../core/haraka/settings-in-force.ts';
import { sharedStore } from '../core/haraka/shared-store.ts';
import type { Next, Plugin } from '../core/haraka/types.ts';
import { messageOf } from '../core/message-of.ts';
import { oncePerMinute } from '../core/once-per-minute.ts';
import { carryOut } from '../core/requests/carry-out.ts';
import { RequestDesk, type Pending } from '../core/requests/desk.ts';
import { subjectOf, type Result } from '../core/requests/request.ts';

/** Between two looks for what was asked. */
const lookEveryMs = 1000;

/** Does what admins have asked for by the page, in the primary process alone, which runs `init_master` with any number of workers. */
export function carryOutRequests(plugin: Plugin): void {
  const complain = oncePerMinute(() => performance.now());
  const look = async () => {
    try {
      await lookOnce(plugin);
    } catch (error) {
      complain(() => plugin.logcrit(`requests of the page are not carried out: ${messageOf(error)}`));
    }
    setTimeout(() => void look(), lookEveryMs).unref();
  };
  const begin = (next: Next) => {
    setTimeout(() => void look(), lookEveryMs).unref();
    next();
  };
  addHook(plugin, 'init_master', 'gatekeeper_requests', begin);
}

async function lookOnce(plugin: Plugin): Promise<void> {
  const { policy } = settingsState().settings;
  if (!policy.web) return;
  const desk = new RequestDesk(resolve(harakaDirectory(), policy.data_directory));
  const { requests, strange } = await desk.pending(new Date());
  for (const { name, problem } of strange) plugin.logcrit(`request ${name} is set aside: ${problem}`);
  for (const pending of requests) {
    if (await desk.take(pending.name)) await desk.answer(pending.name, await resultOf(plugin, pending));
  }
}

async function resultOf(plugin: Plugin, { request }: Pending): Promise<Result> {
  const { act, by, client } = request;
  const { settings } = settingsState();
  const { data_directory: directory, sender } = settings.policy;
  const { revision } = settings;
  const means = {
    data: resolve(harakaDirectory(), directory),
    store: sharedStore(plugin, directory),
    separator: sender.subaddress_separator,
    revision,
  };
  const { outcome, says } = await carryOut(request, means).then(
    (done) => ({ outcome: 'done' as const, says: done }),
    (error: unknown) => ({ outcome: 'failed' as const, says: messageOf(error) }),
  );
  const subject = `${subjectOf(act)}: ${outcome}, ${says}`;
  plugin.lognotice(`asked by ${JSON.stringify(by)}: ${act.action} ${JSON.stringify(subject)}`);
  publish(operatorEvent({ by, action: act.action, subject, client, revision }), (error) =>
    plugin.logerror(`events: ${messageOf(error)}`),
  );
  return { v: 1, request, time: new Date().toISOString(), outcome, says: says.slice(0, 2000) };
}
