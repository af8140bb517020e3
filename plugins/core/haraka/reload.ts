import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { looksOf, looksSame, type Looks } from '../file-looks.ts';
import { messageOf } from '../message-of.ts';
import { readSettings, settingsFiles } from '../settings/file.ts';
import type { Settings } from '../settings/settings.ts';
import { addHook } from './hook.ts';
import { configDirectory, isWorker } from './instance.ts';
import { recordSettings } from './settings-event.ts';
import { currentSettings, noteRefused } from './settings-in-force.ts';
import type { Next, Plugin } from './types.ts';
import { answerPrimary, NoAnswer, Workers, type Follower } from './workers.ts';

/** How often the files are looked at. A change must stay for one more look: nothing that is half written is read. */
const lookEveryMs = 500;

/**
 * Follows the settings while the process runs. The primary watches the files and offers what it reads to its workers;
 * only when every process is ready are the new settings put in force, else nowhere. `settings` is how their files looked
 * before they were read first.
 */
export function followSettings(plugin: Plugin, follower: Follower, settings: Looks): void {
  if (isWorker()) {
    answerPrimary(plugin, follower);
    return;
  }
  let others: Looks = new Map();
  // When all plugins are loaded, which is before they read files of their own.
  process.nextTick(() => {
    others = looksOf(follower.filesOf(currentSettings().policy));
  });
  const begin = (next: Next) => {
    const workers = new Workers(plugin.haraka_require('server').cluster);
    void watch(plugin, follower, workers, { settings, others });
    // This hook may run before the settings are put to work, and with them who keeps events.
    setImmediate(() => {
      recordSettings(plugin, { revision: currentSettings().revision, what: 'the gateway has started' });
    });
    next();
  };
  addHook(plugin, 'init_master', 'gatekeeper_follow_settings', begin);
}

interface Fingerprint {
  readonly settings: Looks;
  /** Which of them there are depends on the settings. */
  readonly others: Looks;
}

/** Resembles no file: what is compared with it is read again. */
const nothingKnown: Fingerprint = { settings: new Map(), others: new Map() };

/** Never rejects: that would end the process. */
async function watch(plugin: Plugin, follower: Follower, workers: Workers, read: Fingerprint): Promise<void> {
  let [known, last] = [read, read];
  for (;;) {
    await delay(lookEveryMs, undefined, { ref: false });
    const now = { settings: looksOfSettings(), others: looksOf([...known.others.keys()]) };
    if (differs(now, known) && !differs(now, last)) known = await readAgain(plugin, follower, workers, now);
    last = now;
  }
}

/** Reads the settings because of how their files look; resolves to how all files look that need not be read again. */
async function readAgain(
  plugin: Plugin,
  follower: Follower,
  workers: Workers,
  now: Fingerprint,
): Promise<Fingerprint> {
  const settings = readOrRefuse(plugin);
  if (!settings) return now;
  // Those that the new settings name, even if they are refused for what is wrong with one of these files.
  const known = { ...now, others: looksOf(follower.filesOf(settings.policy)) };
  return (await change(plugin, follower, workers, settings)) ? known : nothingKnown;
}

/** How the files of the settings look now. */
export function looksOfSettings(): Looks {
  return looksOf(listed());
}

function listed(): readonly string[] {
  try {
    return settingsFiles(configDirectory());
  } catch {
    // The folder cannot be read, which reading the settings will say; other files than with no folder.
    return ['gatekeeper.yaml', 'gatekeeper.d'].map((name) => join(configDirectory(), name));
  }
}

function differs(now: Fingerprint, then: Fingerprint): boolean {
  return !looksSame(now.settings, then.settings) || !looksSame(now.others, then.others);
}

function readOrRefuse(plugin: Plugin): Settings | undefined {
  try {
    return readSettings(configDirectory()).settings;
  } catch (error) {
    refuse(plugin, error);
    return undefined;
  }
}

/** Puts settings in force, or refuses them; `false` when that is not decided, because a worker does not answer. */
async function change(
  plugin: Plugin,
  { makeReady }: Follower,
  workers: Workers,
  settings: Settings,
): Promise<boolean> {
  const { revision } = settings;
  const before = currentSettings().revision;
  // A password file is no part of the revision.
  const how = before === revision ? 'with files that it names read anew' : `after ${before}`;
  try {
    const commit = makeReady(settings);
    await workers.agree(settings);
    commit();
    workers.commit(settings);
    recordSettings(plugin, { revision, what: `in force, ${how}` });
    const where = workers.count > 0 ? ` in this process and ${workers.count} workers` : '';
    plugin.lognotice(`settings: revision ${revision} is in force${where}, ${how}`);
    return true;
  } catch (error) {
    refuse(plugin, error);
    return !(error instanceof NoAnswer);
  }
}

function refuse(plugin: Plugin, error: unknown): void {
  const problem = messageOf(error);
  noteRefused(problem);
  for (const line of problem.split('\n')) plugin.logcrit(`settings: ${line}`);
  const { revision } = currentSettings();
  recordSettings(plugin, { revision, what: problem, isRefused: true });
  plugin.logcrit(`settings: the new ones are refused, those of revision ${revision} stay in force`);
}
