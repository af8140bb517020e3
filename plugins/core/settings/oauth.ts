import { z } from 'zod';
import { url } from './parts.ts';

/** Signatures that a public key verifies (RFC 7518 §3.1, RFC 8037 §3.1): with any other algorithm who knows that key makes tokens. */
const algorithms = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA'] as const),
] as const;

const text = z.string().min(1).max(500);

const sectionSchema = z.strictObject({
  issuer: text.describe('Who issues the tokens: their claim iss, letter by letter'),
  audience: text
    .or(z.array(text).min(1))
    .describe('For whom they are: the gateway, as their claim aud names it; of a list one suffices'),
  jwks_url: url
    .optional()
    .describe('Where the issuer publishes its keys (RFC 7517); redirections are not followed'),
  jwks_file: z.string().min(1).optional().describe('Instead of jwks_url: file with its keys'),
  ca_file: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Certificates (PEM) of the authorities that sign the server of jwks_url; default: those of Node.js',
    ),
  algorithms: z
    .array(z.enum(algorithms))
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
    .describe('Which signatures count; none and HS256 never do'),
  login_claim: z
    .string()
    .min(1)
    .max(200)
    .default('email')
    .describe('Claim that is the login of the account: one that users cannot set themselves'),
  required_scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'expected one scope (RFC 6749 §3.3)'))
    .default([])
    .describe('Scopes that a token needs, all of them, in its claim scope or scp'),
  clock_tolerance_seconds: z
    .int()
    .min(0)
    .max(300)
    .default(60)
    .describe('How far the clock of the issuer may be off'),
  timeout_seconds: z
    .number()
    .min(0.1)
    .max(10)
    .default(5)
    .describe('Longest wait for the keys; the login is answered 454 then'),
  stale_seconds: z
    .int()
    .min(0)
    .max(604_800)
    .default(3600)
    .describe('How long keys still count that cannot be fetched again, beyond the ten minutes of all keys'),
});

export type OauthSettings = z.infer<typeof sectionSchema>;

/** The section `oauth` of the settings. */
export const oauthSettings = sectionSchema.superRefine((settings, context) => {
  const { jwks_url, jwks_file: file, ca_file: ca } = settings;
  const add = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  if (jwks_url === undefined && file === undefined) add('jwks_url', 'is missing: that, or jwks_file');
  if (jwks_url !== undefined && file !== undefined) add('jwks_file', 'and jwks_url contradict each other');
  if (ca !== undefined && !jwks_url?.startsWith('https:')) {
    add('ca_file', 'is for a jwks_url that begins with https');
  }
});
