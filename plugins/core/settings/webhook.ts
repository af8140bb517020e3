import { z } from 'zod';
import { kinds } from '../events/kind.ts';
import { url } from './parts.ts';

const sectionSchema = z.strictObject({
  url: url.describe(
    'Where events are sent, by POST; only its host is ever shown. Redirections are not followed',
  ),
  events: z
    .enum(['all', 'adverse'])
    .or(z.array(z.enum(kinds)).min(1))
    .default('adverse')
    .describe('adverse: refusals and deferrals, withheld ones too; or a list of kinds of events'),
  secret_file: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File with the key that signs each request (not readable by others): whsec_ and base64, or at least 16 octets',
    ),
  authorization_file: z
    .string()
    .min(1)
    .optional()
    .describe('File with the value of the header field Authorization (not readable by others)'),
  ca_file: z
    .string()
    .min(1)
    .optional()
    .describe('Certificates (PEM) of the authorities that sign its server; default: those of Node.js'),
  timeout_seconds: z
    .number()
    .min(0.1)
    .max(25)
    .default(10)
    .describe('Longest wait for an answer; then it is tried again'),
});

export type WebhookSettings = z.infer<typeof sectionSchema>;

/** The section `audit.webhook` of the settings. */
export const webhook = sectionSchema.superRefine(({ url: address, ca_file: ca }, context) => {
  if (ca !== undefined && !address.startsWith('https:')) {
    context.addIssue({ code: 'custom', path: ['ca_file'], message: 'is for a url that begins with https' });
  }
});

/** Its path and query may be what lets one in: what of a URL may be shown. */
export function shownUrl(text: string): string {
  const { origin, pathname, search } = new URL(text);
  return pathname.length + search.length > 1 ? `${origin}/…` : `${origin}/`;
}
