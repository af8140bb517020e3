import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDirectories } from '../core/directory/directories.ts';
import { askingForRoles } from '../core/directory/role-groups.ts';
import { openEventStore, presentPlace } from '../core/events/open.ts';
import { printable } from '../core/json-line.ts';
import { foldersIn } from '../core/provenance/held.ts';
import { readAside } from '../core/readings/read-aside.ts';
import { RequestDesk } from '../core/requests/desk.ts';
import { remembered } from '../web/remembered.ts';
import { Suspensions } from '../core/suspension/registry.ts';
import { heldMessages } from '../core/trail/held-messages.ts';
import { heldNow } from '../core/trail/held-now.ts';
import { lookAtWaiting } from '../core/trail/waiting.ts';
import type { Site } from '../web/site.ts';
import { allRows, textOf } from './config.ts';
import { readInstallation, type Installation } from './installation.ts';

/** A site that has something open. */
export interface OpenSite extends Site {
  close(): Promise<void>;
}

/** What the page of an installation shows; throws `EventsUnavailable`. */
export function openSite(installation: Installation, log: (line: string) => void): OpenSite {
  const { dir, settings } = installation;
  const { policy, revision } = settings;
  const data = resolve(dir, policy.data_directory);
  const { partners, protected_domains } = policy;
  const instance = { policy, harakaDirectory: dir };
  const store = openEventStore(instance);
  const note = (line: string) => log(printable(line));
  const directory = openDirectories(askingForRoles(policy), { config: join(dir, 'config'), log: note });
  const suspensions = new Suspensions(data);
  return {
    ...{ policy, revision, directory, store, log },
    report: remembered(
      async ({ since, until }) =>
        readAside({
          ...{ place: presentPlace(instance), since, until, held: await heldNow(instance) },
          settings: { partners, protected_domains },
        }),
      () => performance.now(),
    ),
    waiting: (isWanted) => lookAtWaiting(installation, isWanted),
    held: () => heldMessages(foldersIn(data)),
    suspended: () => suspensions.all(),
    isSuspended: (id) => suspensions.isSuspended(id),
    settings: () => settingsNow(dir),
    requests: new RequestDesk(data),
    now: () => Date.now(),
    sleep: (milliseconds) => sleep(milliseconds),
    close: async () => {
      directory.close();
      await store.close();
    },
  };
}

function settingsNow(dir: string): ReturnType<Site['settings']> {
  const installation = readInstallation(dir);
  const rows = allRows(installation).map(({ key, value, source }) => ({ key, value: textOf(value), source }));
  return { revision: installation.settings.revision, rows };
}
