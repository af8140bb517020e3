import { rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type Libsql from 'libsql';
import {
  completed,
  eventSchema,
  type EventDraft,
  type GatekeeperEvent,
} from '../../plugins/core/events/event.ts';
import { storePlace } from '../../plugins/core/events/open.ts';
import { openPlace } from '../../plugins/core/events/places.ts';
import { settingsSchema } from '../../plugins/core/settings/settings.ts';

/** Gives the events that the gateway in a directory has kept so far, each checked against the schema. */
export function eventsIn(dir: string): () => GatekeeperEvent[] {
  const file = eventsFile(dir);
  let inode: number | undefined;
  let events: GatekeeperEvent[] = [];
  let place = 0;
  return () => {
    const found = statSync(file, { throwIfNoEntry: false })?.ino;
    if (found !== inode) [inode, events, place] = [found, [], 0];
    if (found === undefined) return [];
    for (const [next, body] of rowsAfter(file, place)) {
      place = next;
      events.push(eventSchema.parse(JSON.parse(body)));
    }
    return [...events];
  };
}

function rowsAfter(file: string, place: number): readonly [place: number, body: string][] {
  const Database = createRequire(import.meta.url)('libsql') as typeof Libsql;
  const database = new Database(file, { readonly: true });
  try {
    database.pragma('busy_timeout = 2000');
    const rows = database.prepare('SELECT place, body FROM event WHERE place > ? ORDER BY place').raw();
    return rows.all(place) as [number, string][];
  } catch (error) {
    // It has just been made.
    if (String(error).includes('no such table')) return [];
    throw error;
  } finally {
    database.close();
  }
}

/** Keeps events as the gateway in a directory would. */
export async function keepEvents(dir: string, drafts: readonly EventDraft[]): Promise<void> {
  const policy = settingsSchema.parse({ roles: ['mx'] });
  const store = openPlace(storePlace({ policy, harakaDirectory: dir }));
  await store.append(drafts.map(completed));
  await store.close();
}

/** Puts something into the place of the file that is no database. */
export function breakEvents(dir: string): void {
  for (const end of ['-wal', '-shm']) rmSync(`${eventsFile(dir)}${end}`, { force: true });
  writeFileSync(eventsFile(dir), 'this was a database yesterday\n'.repeat(100));
}

/** Where they lie, with all that belongs to them. */
export function eventsFile(dir: string): string {
  return join(dir, 'var/gatekeeper/events.db');
}
