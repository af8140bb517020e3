import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../message-of.ts';
import { readSettings, settingsFiles } from '../settings/file.ts';
import { addHook } from './hook.ts';
import { configDirectory, isWorker } from './instance.ts';
import { currentSettings, noteRefused } from './settings-in-force.ts';
import type { Next, Plugin } from './types.ts';
import { answerPrimary, Workers, type Follower } from './workers.ts';

/** How often the files are looked at. A change must stay for one more look: nothing that is half written is read. */
const lookEveryMs = 500;

/**
 * Follows the settings while the process runs. The primary watches the files and offers what it reads to its workers;
 * only when every process is ready are the new settings put in force, else nowhere.
 */
export function followSettings(plugin: Plugin, follower: Follower): void {
  if (isWorker()) {
    answerPrimary(plugin, follower);
    return;
  }
  const begin = (next: Next) => {
    void watch(plugin, follower, new Workers(plugin.haraka_require('server').cluster));
    next();
  };
  addHook(plugin, 'init_master', 'gatekeeper_follow_settings', begin);
}

/** Never rejects: that would end the process. */
async function watch(plugin: Plugin, follower: Follower, workers: Workers): Promise<void> {
  const look = () => fingerprint(follower.filesOf(currentSettings().policy));
  let known = await look();
  let last = known;
  for (;;) {
    await delay(lookEveryMs, undefined, { ref: false });
    const now = await look();
    if (differs(now, known) && !differs(now, last)) {
      known = now;
      await change(plugin, follower, workers);
    }
    last = now;
  }
}

/** How each file looked, by its path. */
interface Fingerprint {
  readonly settings: ReadonlyMap<string, string>;
  /** Which of them there are depends on the settings. */
  readonly others: ReadonlyMap<string, string>;
}

async function fingerprint(others: readonly string[]): Promise<Fingerprint> {
  return { settings: await stamps(listed()), others: await stamps(others) };
}

function listed(): readonly string[] {
  try {
    return settingsFiles(configDirectory());
  } catch {
    // The folder cannot be read, which reading the settings will say; other files than with no folder.
    return ['gatekeeper.yaml', 'gatekeeper.d'].map((name) => join(configDirectory(), name));
  }
}

async function stamps(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const entries = paths.map(async (path) => [path, await stamp(path)] as const);
  return new Map(await Promise.all(entries));
}

async function stamp(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, mode, uid, gid } = await stat(path);
    return [ino, size, mtimeMs, mode, uid, gid].join();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

function differs(now: Fingerprint, then: Fingerprint): boolean {
  const isOther = (path: string) => now.settings.get(path) !== then.settings.get(path);
  return (
    now.settings.size !== then.settings.size ||
    [...now.settings.keys()].some(isOther) ||
    [...now.others].some(([path, stamp]) => then.others.has(path) && then.others.get(path) !== stamp)
  );
}

async function change(plugin: Plugin, { makeReady }: Follower, workers: Workers): Promise<void> {
  const before = currentSettings().revision;
  try {
    const { settings } = readSettings(configDirectory());
    const commit = makeReady(settings);
    await workers.agree(settings);
    commit();
    workers.commit(settings);
    const where = workers.count > 0 ? ` in this process and ${workers.count} workers` : '';
    plugin.lognotice(`settings: revision ${settings.revision} is in force${where}, after ${before}`);
  } catch (error) {
    const problem = messageOf(error);
    noteRefused(problem);
    for (const line of problem.split('\n')) plugin.logcrit(`settings: ${line}`);
    plugin.logcrit(`settings: the new ones are refused, those of revision ${before} stay in force`);
  }
}
