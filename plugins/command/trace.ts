import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loginHash, readLoginKey } from '../core/login-hash.ts';
import { messageOf } from '../core/message-of.ts';
import type { EventFields } from './event-filter.ts';
import { addFilters, wholeNumber } from './event-options.ts';
import { withEvents } from './event-store.ts';
import { installationOf, type Installation } from './installation.ts';
import { exitCode, Failure, give, type Globals } from './output.ts';
import { recordAction } from './recorded.ts';
import { findMessages, readStories, storyIn } from '../core/trail/look-up.ts';
import { kindOf, messageIn, queryFor, type Query } from '../core/trail/query.ts';
import type { Story, StoryBuilder } from '../core/trail/story.ts';
import { storyLines } from './trace-text.ts';
import { fieldsOf, lookAtWaiting, type Look } from '../core/trail/waiting.ts';

const examples = `
Who sent this, how, and where did it go. WHAT is a Message-ID in its brackets, a
queue id (of the Received field, a refusal or a log; that of a connection or a
piece will do), the address of a sender or a recipient, an account by its name or
id, or the hash of one in a Received field. The messages come from the events, as
long as these are kept, and from the queue and held mail of this host.

Exit codes: 0 something was found, 1 nothing, 69 the events cannot be read, 78
the settings are wrong.

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
  const { stories, ...found } = await findStories(installation, query, { since, last });
  const look = await lookIfNeeded(installation, query, stories);
  for (const waiting of look.waiting) {
    const id = messageIn(fieldsOf(waiting)) ?? waiting.id;
    storyIn(stories, id).addWaiting(waiting);
  }
  await recordAction(installation, 'trace', [what]);
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
  client: 'the address of a client',
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
  readonly stories: Map<string, StoryBuilder>;
  readonly isMore: boolean;
  readonly notes: readonly string[];
}

/** What events tell, and a note where there are none: then only the queue can tell. */
async function findStories(
  installation: Installation,
  query: Query,
  { since, last }: { readonly since: Date | undefined; readonly last: number },
): Promise<Found> {
  // Only the ids are known whose hash it is.
  const mentions = query.kind === 'hash' ? undefined : query.text;
  const isMeant = (event: EventFields) => query.matches(event);
  try {
    return await withEvents(installation, async (store) => {
      const { ids, isMore } = await findMessages(store, { since, mentions }, isMeant, { messages: last });
      return { stories: await readStories(store, ids.toReversed(), mostBounces), isMore, notes: [] };
    });
  } catch (error) {
    if (!(error instanceof Failure) || error.exitCode !== exitCode.no) throw error;
    return { stories: new Map(), isMore: false, notes: [error.message] };
  }
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
