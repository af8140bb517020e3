import { resolve } from 'node:path';
import { storePlace } from '../../core/events/open.ts';
import { dayMs } from '../../core/events/tallies.ts';
import { harakaDirectory } from '../../core/haraka/instance.ts';
import { sendNotice } from '../../core/haraka/notice.ts';
import { node } from '../../core/haraka/outcome.ts';
import type { Plugin } from '../../core/haraka/types.ts';
import type { Report } from '../../core/readings/report.ts';
import type { Policy, Settings } from '../../core/settings/settings.ts';
import { sendDaily } from '../daily.ts';
import { dueDay } from './due.ts';
import { readAside } from '../../core/readings/read-aside.ts';
import { heldNow } from '../../core/trail/held-now.ts';
import { daySent, noteSent } from './state.ts';
import { digestText } from './text.ts';

/** Sends the digest of the settings in force. */
export function sendDigests(plugin: Plugin): (settings: Settings) => () => void {
  return sendDaily(plugin, {
    ...{ name: 'gatekeeper_digests', what: 'daily report' },
    isWanted: ({ audit }) => audit.digest !== undefined,
    sendIfDue: (settings) => sendIfDue(plugin, settings),
  });
}

async function sendIfDue(plugin: Plugin, settings: Settings): Promise<void> {
  const { policy } = settings;
  const { digest } = policy.audit;
  const data = resolve(harakaDirectory(), policy.data_directory);
  const day = digest && dueDay(digest, daySent(data), new Date());
  if (!digest || day === undefined) return;
  const { subject, text } = digestText(await readLastDay(policy), node);
  // Before it is sent: after a crash in between one is missing, and none comes twice.
  await noteSent(data, day);
  sendNotice(plugin, { to: digest.to, subject, text }, settings);
}

async function readLastDay(policy: Policy): Promise<Report> {
  const until = new Date();
  const { partners, protected_domains } = policy;
  const instance = { policy, harakaDirectory: harakaDirectory() };
  return readAside({
    place: storePlace(instance),
    ...{ since: new Date(until.getTime() - dayMs), until },
    settings: { partners, protected_domains },
    held: await heldNow(instance),
  });
}
