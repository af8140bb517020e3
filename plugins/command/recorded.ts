import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { storePlace } from '../core/events/open.ts';
import { operatorEvent } from '../core/events/operator.ts';
import { openPlace } from '../core/events/places.ts';
import { messageOf } from '../core/message-of.ts';
import type { Installation } from './installation.ts';
import { operatorName } from './operator.ts';

/** Has events tell what somebody did with this command, to whom or what. It is done already: where that cannot be recorded, they are told. */
export async function recordAction(
  { dir, settings: { policy, revision } }: Installation,
  action: string,
  subjects: readonly string[],
): Promise<void> {
  // Without a gateway that has run there is no trail yet, and nothing that could have been done.
  if (subjects.length === 0 || !existsSync(resolve(dir, policy.data_directory))) return;
  try {
    const store = openPlace(storePlace({ policy, harakaDirectory: dir }));
    try {
      const by = operatorName();
      await store.append(subjects.map((subject) => operatorEvent({ by, action, subject, revision })));
    } finally {
      await store.close();
    }
  } catch (error) {
    process.stderr.write(`warning: it is done, but not recorded as an event: ${messageOf(error)}\n`);
  }
}
