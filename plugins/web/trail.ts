import { operatorEvent } from '../core/events/operator.ts';
import { findMessages, readStories, storyIn } from '../core/trail/look-up.ts';
import { messageIn, queryFor, type Query } from '../core/trail/query.ts';
import type { Story } from '../core/trail/story.ts';
import { fieldsOf } from '../core/trail/waiting.ts';
import type { EventFields } from '../core/trail/fields.ts';
import type { Role } from './roles.ts';
import type { Site } from './site.ts';

/** What somebody looks for; an empty text for all within the time. */
export interface Looked {
  readonly what: string;
  readonly since: Date | undefined;
  readonly until: Date | undefined;
}

/** The messages that were found, that something happened to last first. */
export interface Trail {
  readonly stories: readonly Story[];
  readonly isMore: boolean;
  /** What could not be looked at, in words. */
  readonly notes: readonly string[];
}

const mostMessages = 20;

/** Events that are looked at for one search: whoever looks for all of a year should say less. */
const mostEvents = 100_000;

/** Writes down that somebody looks: what cannot be written down is not looked for. */
export async function tellLookup(
  site: Site,
  { by, client, what }: { readonly by: string; readonly client: string; readonly what: string },
): Promise<void> {
  const { revision } = site;
  const now = new Date(site.now());
  await site.store.append([operatorEvent({ by, action: 'trace', subject: what, revision, client, now })]);
}

/** Messages that a text or a time leads to, with all that is known of each. */
export async function lookUp(site: Site, looked: Looked, role: Role): Promise<Trail> {
  const query = looked.what === '' ? everything : queryFor(looked.what, () => '');
  const seen = (fields: EventFields) => (role === 'admin' ? fields : withoutRecipients(fields));
  const { what, since, until } = looked;
  const mentions = what === '' ? undefined : what;
  const bounds = { messages: mostMessages, events: mostEvents };
  const isMeant = (event: EventFields) => query.matches(seen(event));
  const found = await findMessages(site.store, { since, until, mentions }, isMeant, bounds);
  const builders = await readStories(site.store, found.ids);
  const look = await site.waiting((waiting) => {
    const fields = fieldsOf(waiting);
    return builders.has(messageIn(fields) ?? '') || (builders.size === 0 && query.matches(seen(fields)));
  });
  for (const waiting of look.waiting.slice(0, mostMessages)) {
    const id = messageIn(fieldsOf(waiting)) ?? waiting.id;
    storyIn(builders, id).addWaiting(waiting);
  }
  const stories = [...builders.values()].map((builder) => builder.build());
  return { stories, isMore: found.isMore, notes: [...(found.isCut ? [tooMany] : []), ...look.notes] };
}

const everything: Pick<Query, 'matches'> = { matches: ({ queue_id: id }) => id !== undefined };

/** By a recipient a viewer finds nothing: that something was found would tell who it was. */
function withoutRecipients({ recipients: _recipients, ...fields }: EventFields): EventFields {
  return fields;
}

const tooMany = 'there are too many events to look at all of them: a time would help';
