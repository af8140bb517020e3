import { z } from 'zod';
import { problemOfName } from './identity-source.ts';
import { loginDomain, sectionSchema } from './settings.ts';

const { shape } = sectionSchema;

const sourceName = z.string().superRefine((text, context) => {
  const message = problemOfName(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** An entry of `identity_sources`: whose logins a source of a plugin answers, and how long it may take. */
export const identitySource = z.strictObject({
  name: sourceName.describe(
    'What the plugin that offers it calls it; stands in front of the ids of its accounts',
  ),
  login_domains: z
    .array(loginDomain)
    .default([])
    .describe(
      'Logins of these domains it alone answers, as in directories; empty: all that no other answers',
    ),
  password_preparation: shape.password_preparation.describe(
    'How passwords are prepared before it gets them: none, as they were typed; saslprep, by RFC 4013',
  ),
  questions: z.int().min(1).max(64).default(8).describe('How much it is asked at once, per process'),
  queue: shape.queue.describe('Logins that may wait for their turn; one more is answered 454'),
  login_timeout_seconds: shape.login_timeout_seconds.describe(
    'Longest wait for a whole login, queueing included; then it is answered 454',
  ),
  cache_seconds: shape.cache_seconds,
  cache_refused_seconds: shape.cache_refused_seconds,
  cache_stale_seconds: shape.cache_stale_seconds.describe(
    'How long an accepted login is accepted again while the source fails; 0 answers 454',
  ),
  cache_entries: shape.cache_entries,
});

export type SourceSettings = z.infer<typeof identitySource>;
