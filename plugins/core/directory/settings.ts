import { z } from 'zod';
import { parseEndpoint } from './endpoint.ts';
import { attributePattern, parseFilter } from './filter.ts';

const ldapUrl = z
  .string()
  .regex(/^ldaps?:\/\/[^/\s?#@]+$/, 'expected ldaps://HOST[:PORT] or ldap://HOST[:PORT]');

const attribute = z.string().regex(attributePattern, 'expected the name of an attribute');

const sectionSchema = z.strictObject({
  urls: z
    .array(ldapUrl)
    .min(1)
    .describe(
      'LDAP servers in order of preference: ldaps://HOST[:PORT], or ldap://HOST[:PORT] with StartTLS',
    ),
  start_tls: z
    .boolean()
    .default(true)
    .describe('Whether ldap:// servers are asked for TLS before anything else is said'),
  allow_clear_text: z
    .array(z.string())
    .default([])
    .describe('Hosts that may be spoken to in clear when start_tls is false; loopback addresses always may'),
  ca_file: z
    .string()
    .optional()
    .describe('Certificates (PEM) of the authorities that sign the servers; default: those of Node.js'),
  bind_dn: z.string().min(1).describe('Account by which the gateway searches'),
  bind_password_file: z
    .string()
    .optional()
    .describe('File with its password (not readable by others); the variable GATEKEEPER_LDAP_PASSWORD wins'),
  base: z.string().min(1).describe('Where accounts are searched, with all that lies below'),
  filter: z
    .string()
    .default('(&(objectClass=inetOrgPerson)(mail={login}))')
    .describe('Finds the account of a login (RFC 4515); {login} is what the client gave'),
  address_attributes: z
    .array(attribute)
    .min(1)
    .default(['mail', 'mailAlternateAddress'])
    .describe('Attributes that hold the addresses an account may send as'),
  status_attribute: attribute
    .or(z.literal(''))
    .default('accountStatus')
    .describe('Attribute that says whether an account may log in; empty: every account may'),
  disabled_values: z
    .array(z.string())
    .default(['disabled', 'noaccess', 'deleted'])
    .describe('Its values that mean no (compared without case); an account without the attribute may log in'),
  scram_attribute: attribute
    .or(z.literal(''))
    .default('')
    .describe('Attribute with verifiers for SCRAM-SHA-256; empty: no SCRAM. See docs/sysadmin.md'),
  scram_iterations: z
    .int()
    .min(1)
    .max(999_999_999)
    .default(4096)
    .describe('What your verifiers have: logins without one pretend the same'),
  connections: z.int().min(1).max(64).default(8).describe('Connections for password checks, per process'),
  queue: z
    .int()
    .min(1)
    .default(256)
    .describe('Logins that may wait for a connection; one more is answered 454'),
  operation_timeout_seconds: z
    .number()
    .min(0.05)
    .max(25)
    .default(5)
    .describe('Longest wait for one answer of a server'),
  login_timeout_seconds: z
    .number()
    .min(0.05)
    .max(25)
    .default(10)
    .describe('Longest wait for a whole login, queueing and a second server included'),
  cache_seconds: z
    .number()
    .min(0)
    .max(3600)
    .default(60)
    .describe(
      'How long an accepted login is accepted again unasked: so long an old password, or a disabled account, still counts; 0 asks each time',
    ),
  cache_refused_seconds: z
    .number()
    .min(0)
    .max(60)
    .default(5)
    .describe('How long a refused login is refused again unasked; 0 asks each time'),
  cache_stale_seconds: z
    .number()
    .min(0)
    .max(604_800)
    .default(0)
    .describe('How long an accepted login is accepted again while no server answers; 0 answers 454'),
  cache_entries: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('Accepted logins that are remembered, per process'),
});

export type DirectorySettings = z.infer<typeof sectionSchema>;

/** The section `directory` of the settings. */
export const directorySettings = sectionSchema.superRefine((settings, context) => {
  const check = (path: (string | number)[], use: () => unknown) => {
    try {
      use();
    } catch (error) {
      context.addIssue({ code: 'custom', path, message: (error as Error).message });
    }
  };
  check(['filter'], () => parseFilter(settings.filter));
  settings.urls.forEach((url, index) => {
    check(['urls', index], () => parseEndpoint(url, settings));
  });
});
