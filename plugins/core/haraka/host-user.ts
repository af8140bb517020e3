import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../message-of.ts';
import { makeFor } from '../own-files.ts';
import { reachProblems, type Uses } from '../reach.ts';
import { settingsFiles } from '../settings/file.ts';
import type { Policy } from '../settings/settings.ts';
import { configDirectory, harakaDirectory } from './instance.ts';
import type { Plugin } from './types.ts';

/** What is used while Haraka runs, with files that plugins read. */
export function usesUnder(policy: Policy, files: readonly string[]): Uses {
  const config = configDirectory();
  const { data_directory: data, audit } = policy;
  const { spool_directory: spool, store, file } = audit;
  const inHaraka = (path: string) => resolve(harakaDirectory(), path);
  return {
    folders: {
      data_directory: inHaraka(data),
      ...(spool !== undefined && { 'audit.spool_directory': inHaraka(spool) }),
      ...(store === 'file' && { 'audit.file': dirname(inHaraka(file)) }),
    },
    files: [...new Set([config, join(config, 'gatekeeper.d'), ...settingsFiles(config), ...files])],
  };
}

/** As root, makes folders that are missing for the user that Haraka becomes once it listens (`user` in smtp.ini). */
export function makeForHostUser(plugin: Plugin, { folders }: Uses): void {
  const { main } = plugin.config.get('smtp.ini') as { main: { user?: string | number } };
  if (main.user === undefined || process.getuid?.() !== 0) return;
  try {
    const uid = numberOf(String(main.user));
    for (const folder of Object.values(folders)) makeFor(uid, folder);
  } catch (error) {
    plugin.logcrit(`config/smtp.ini: user=${main.user}: ${messageOf(error)}`);
  }
}

function numberOf(user: string): number {
  return Number(/^\d+$/.test(user) ? user : execFileSync('id', ['-u', '--', user], { encoding: 'utf8' }));
}

/** Says what this process cannot reach: until that is mended mail is deferred, or files that change are not seen. */
export function tellUnreachable(plugin: Plugin, uses: Uses): void {
  const problems = reachProblems(uses, { user: ownName(), isGivenFolders: false });
  for (const problem of problems) plugin.logcrit(`files: ${problem}`);
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    // It has a number and no name.
    return String(process.getuid?.());
  }
}
