import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loginHash, readLoginKey } from '../core/login-hash.ts';
import { messageOf } from '../core/message-of.ts';
import { readEvents } from './event-files.ts';
import { parseEvent, type EventFields } from './event-filter.ts';
import { addFilters, wholeNumber } from './event-options.ts';
import { installationOf, type Installation } from './installation.ts';
import { exitCode, Failure, give, type Globals } from './output.ts';
import { kindOf, messageIn, queryFor, type Query } from './trace-query.ts';
import { parentOf, StoryBuilder, type Story } from './trace-story.ts';
import { storyLines } from './trace-text.ts';
import { fieldsOf, lookAtWaiting, type Look } from './trace-waiting.ts';

const examples = `
Who sent this, how, and where did it go. WHAT is a Message-ID in its brackets, a
queue id (of the Received field, a refusal or a log; that of a connection or a
piece will do), the address of a sender or a recipient, an account by its name or
id, or the hash of one in a Received field. The messages come from the events, as
long as these are kept, and from the queue and held mail of this host.

Exit codes: 0 something was found, 1 nothing, 69 a file cannot be read, 78 the
settings are wrong.

Examples:
  gatekeeper trace '<20261124.093000@corp.example>'
  gatekeeper trace E374698C-63BD-4E79-A68D-A450EADF3FCD.1
  gatekeeper trace alice@corp.example --since 1d
  gatekeeper trace uid=alice,ou=people,dc=corp,dc=example --last 100 --json`;

const defaultLast = 20;

/** Bounces that are shown with the messages that they tell about. */
const mostBounces = 200;

interface TraceOptions extends Globals {
  readonly since?: Date;
  readonly last: number;
}

/** Adds `gatekeeper trace WHAT`. */
export function addTrace(program: Command): void {
  const command = program
    .command('trace')
    .description('show who sent a message, how, and where it went')
    .argument('<what>', 'a Message-ID, queue id, address, account or hash')
    .option(
      '--last <number>',
      'the messages that something happened to last, so many',
      wholeNumber,
      defaultLast,
    );
  addFilters(command, ['since']).addHelpText('after', examples).action(trace);
}

async function trace(what: string, { since, last }: TraceOptions, command: Command): Promise<void> {
  const installation = installationOf(command);
  const query = queryFor(what, hasherOf(installation, what));
  const found = await findMessages(installation, query, { since, last });
  const stories = await readStories(installation, found.ids);
  const look = await lookIfNeeded(installation, query, stories);
  for (const waiting of look.waiting) {
    const id = messageIn(fieldsOf(waiting)) ?? waiting.id;
    storyIn(stories, id).addWaiting(waiting);
  }
  const told = [...stories.values()].map((story) => story.build());
  const notes = [...found.notes, ...look.notes];
  const more = found.isMore ? [`older messages match, too: --last shows more than ${last}`] : [];
  const nothing = told.length > 0 ? [] : [`nothing is known of ${what}, taken for ${words[query.kind]}`];
  give(command, {
    exitCode: told.length > 0 ? exitCode.yes : exitCode.no,
    json: { kind: query.kind, messages: told.map(jsonOf), more: found.isMore, notes },
    lines: [...separated(told), ...nothing, ...more, ...notes.map((note) => `note: ${note}`)],
  });
}

const words: Readonly<Record<Query['kind'], string>> = {
  'message-id': 'a Message-ID',
  'queue-id': 'a queue id',
  hash: 'the hash of an account',
  address: 'an address',
  account: 'an account',
};

function separated(stories: readonly Story[]): string[] {
  return stories.flatMap((story, index) => [...(index > 0 ? [''] : []), ...storyLines(story)]);
}

function jsonOf({ origin, ...story }: Story): object {
  return { ...story, ...origin };
}

/** Throws `Failure` where a hash is asked for, and there is no key. */
function hasherOf({ dir, settings }: Installation, what: string): (id: string) => string {
  if (kindOf(what) !== 'hash') return () => '';
  const directory = resolve(dir, settings.policy.data_directory);
  let key: Buffer | undefined;
  try {
    key = readLoginKey(directory);
  } catch (error) {
    throw new Failure(`the key of the hashes cannot be read: ${messageOf(error)}`, exitCode.unavailable);
  }
  if (!key) throw new Failure(`no hash was made by this host: ${directory} has no key`, exitCode.no);
  const known = key;
  return (id) => loginHash(known, id);
}

interface Found {
  readonly ids: readonly string[];
  readonly isMore: boolean;
  readonly notes: readonly string[];
}

/** The messages that something happened to last, of those that are looked for; no more is kept in memory. */
async function findMessages(
  installation: Installation,
  query: Query,
  { since, last }: { readonly since: Date | undefined; readonly last: number },
): Promise<Found> {
  const ids = new Set<string>();
  let isMore = false;
  const notes = await eachEvent(installation, since, (event) => {
    const id = messageIn(event);
    if (id === undefined || String(event['time']) < (since?.toISOString() ?? '') || !query.matches(event))
      return;
    ids.delete(id);
    ids.add(id);
    if (ids.size <= last) return;
    const [oldest = ''] = ids;
    ids.delete(oldest);
    isMore = true;
  });
  return { ids: [...ids], isMore, notes };
}

/** Everything about these messages, from the first event on, and about the bounces of them. */
async function readStories(
  installation: Installation,
  ids: readonly string[],
): Promise<Map<string, StoryBuilder>> {
  const stories = new Map(ids.map((id) => [id, new StoryBuilder(id)]));
  if (ids.length === 0) return stories;
  await eachEvent(installation, undefined, (event) => {
    const id = messageIn(event);
    if (id === undefined) return;
    const parent = stories.get(parentOf(event) ?? '');
    const isRoom = stories.size < ids.length + mostBounces;
    if (parent && isRoom) {
      parent.addBounce(id);
      storyIn(stories, id);
    }
    stories.get(id)?.add(event);
  });
  return stories;
}

/** Where every message has come to its end, the queue has nothing to tell. */
async function lookIfNeeded(
  installation: Installation,
  query: Query,
  stories: ReadonlyMap<string, StoryBuilder>,
): Promise<Look> {
  const isOver = stories.size > 0 && [...stories.values()].every((story) => story.isOver);
  if (isOver) return { waiting: [], notes: [] };
  return lookAtWaiting(installation, (waiting) => {
    const fields = fieldsOf(waiting);
    return stories.has(messageIn(fields) ?? '') || (stories.size === 0 && query.matches(fields));
  });
}

function storyIn(stories: Map<string, StoryBuilder>, id: string): StoryBuilder {
  const known = stories.get(id);
  if (known) return known;
  const story = new StoryBuilder(id);
  stories.set(id, story);
  return story;
}

/** Shows every event, and says where there are none: then only the queue can tell. */
async function eachEvent(
  installation: Installation,
  since: Date | undefined,
  see: (event: EventFields) => void,
): Promise<string[]> {
  try {
    await readEvents(installation, async (lines) => {
      for await (const batch of lines.present(since)) {
        batch.map(parseEvent).forEach((event) => event && see(event));
      }
    });
    return [];
  } catch (error) {
    if (error instanceof Failure && error.exitCode === exitCode.no) return [error.message];
    throw error;
  }
}
