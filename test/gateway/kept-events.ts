import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { openEventStore } from '../../plugins/core/events/open.ts';
import { settingsSchema } from '../../plugins/core/settings/settings.ts';
import type { Sent } from './crash-load.ts';

/** As the commands of an operator read them. */
export async function eventsOf(
  dir: string,
  data_directory = 'var/gatekeeper',
): Promise<readonly GatekeeperEvent[]> {
  const policy = settingsSchema.parse({ roles: ['mx'], data_directory });
  const store = openEventStore({ policy, harakaDirectory: dir });
  const all: GatekeeperEvent[] = [];
  for await (const batch of store.events({})) all.push(...batch.map(({ event }) => event));
  await store.close();
  return all;
}

/** Those of these messages that are not in just one event of acceptance. */
export async function withoutOneEvent(dir: string, accepted: readonly Sent[]): Promise<readonly Sent[]> {
  const counts = new Map<string, number>();
  const kept = await eventsOf(dir);
  for (const { message_id: id = '' } of kept.filter(({ accepted: isAccepted }) => isAccepted)) {
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return accepted.filter(({ id }) => counts.get(id) !== 1);
}
