import type { EventQuery, EventStore } from '../events/store.ts';
import type { EventFields } from './fields.ts';
import { messageIn } from './query.ts';
import { parentOf, StoryBuilder } from './story.ts';

/** Messages that something happened to last, that one first. */
export interface Found {
  readonly ids: readonly string[];
  /** Whether there are others. */
  readonly isMore: boolean;
  /** Whether events are left that were not looked at. */
  readonly isCut: boolean;
}

/** How much is looked for, and looked at. */
interface Bounds {
  readonly messages: number;
  readonly events?: number;
}

type Events = Pick<EventStore, 'events'>;

/** The messages that events are about, the last events first. */
export async function findMessages(
  store: Events,
  query: Omit<EventQuery, 'order'>,
  isMeant: (event: EventFields) => boolean,
  { messages, events = Infinity }: Bounds,
): Promise<Found> {
  const ids = new Set<string>();
  let left = events;
  const found = (isMore: boolean, isCut: boolean) => ({ ids: [...ids].slice(0, messages), isMore, isCut });
  for await (const batch of store.events({ ...query, order: 'newest-first' })) {
    for (const id of batch.flatMap(({ event }) => (isMeant(event) ? (messageIn(event) ?? []) : [])))
      ids.add(id);
    if (ids.size > messages) return found(true, false);
    left -= batch.length;
    if (left <= 0) return found(true, true);
  }
  return found(false, false);
}

/** Everything about these messages, from the first event on, and about so many bounces of them. */
export async function readStories(
  store: Events,
  ids: readonly string[],
  mostBounces = 0,
): Promise<Map<string, StoryBuilder>> {
  const stories = new Map(ids.map((id) => [id, new StoryBuilder(id)]));
  // What is added while it is gone through is gone through, too.
  for (const story of stories.values()) {
    const bounces = await tell(store, story);
    bounces.forEach((bounce) => {
      if (stories.size < ids.length + mostBounces) storyIn(stories, bounce);
    });
  }
  return stories;
}

/** Adds all that is known of a message; gives the ids of bounces that tell about it. */
async function tell(store: Events, story: StoryBuilder): Promise<ReadonlySet<string>> {
  const bounces = new Set<string>();
  for await (const batch of store.events({ mentions: story.id })) {
    for (const { event } of batch) addTo(story, event, bounces);
  }
  for (const bounce of bounces) story.addBounce(bounce);
  return bounces;
}

function addTo(story: StoryBuilder, event: EventFields, bounces: Set<string>): void {
  const id = messageIn(event);
  if (id === story.id) story.add(event);
  else if (id !== undefined && parentOf(event) === story.id) bounces.add(id);
}

/** The story of a message, which is begun where there is none. */
export function storyIn(stories: Map<string, StoryBuilder>, id: string): StoryBuilder {
  const known = stories.get(id);
  if (known) return known;
  const story = new StoryBuilder(id);
  stories.set(id, story);
  return story;
}
