import { z } from 'zod';
import { parseDomain } from '../mailbox.ts';
import { name } from '../settings/parts.ts';
import { parseEndpoint } from './endpoint.ts';
import { parseDnTemplate } from './dn.ts';
import {
  attributePattern,
  parseAccountFilter,
  parseCertificateFilter,
  parseCondition,
  parseFilter,
} from './filter.ts';
import { problemsOf } from './problems.ts';
import { presetNames, withPreset } from './presets.ts';
import { stateAttributes } from './state.ts';

const ldapUrl = z
  .string()
  .regex(/^ldaps?:\/\/[^/\s?#@]+$/, 'expected ldaps://HOST[:PORT] or ldap://HOST[:PORT]');

const bases = z
  .string()
  .min(1)
  .or(z.array(z.string().min(1)).min(1));

const attribute = z.string().regex(attributePattern, 'expected the name of an attribute');

/** The keys of a directory by themselves. */
export const sectionSchema = z.strictObject({
  preset: z
    .enum(presetNames)
    .default('custom')
    .describe(
      'Kind of the servers, which gives other defaults for filter, address_attributes, status_attribute, state_attributes and nested_groups',
    ),
  urls: z
    .array(ldapUrl)
    .min(1)
    .describe(
      'LDAP servers, in order of preference unless server_order says otherwise: ldaps://HOST[:PORT], or ldap://HOST[:PORT] with StartTLS',
    ),
  server_order: z
    .enum(['in-order', 'round-robin'])
    .default('in-order')
    .describe('Whom a login asks: in-order, the first server that answers; round-robin, each in turn'),
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
  base: bases
    .optional()
    .describe('Where accounts are searched, with all that lies below; a list is searched as if it were one'),
  bind_template: z
    .string()
    .optional()
    .describe(
      'Instead of base: the DN of an account, in which {login} is what the client gave; nobody is searched',
    ),
  filter: z
    .string()
    .default('(&(objectClass=inetOrgPerson)(mail={login}))')
    .describe(
      'Finds the account of a login (RFC 4515); {login} is what the client gave; with bind_template: what the entry must meet',
    ),
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
  password_preparation: z
    .enum(['none', 'saslprep'])
    .default('none')
    .describe(
      'How passwords of PLAIN and LOGIN are prepared: none, as they were typed; saslprep, by RFC 4013, where all that are stored were',
    ),
  app_password_attribute: attribute
    .or(z.literal(''))
    .default('')
    .describe('Attribute with application passwords; empty: none. See docs/sysadmin.md'),
  app_passwords_only: z
    .boolean()
    .default(false)
    .describe('Whether those alone count, and the password of the account logs nobody in'),
  certificate_attribute: attribute
    .or(z.literal(''))
    .default('')
    .describe(
      'Attribute with what client certificates an account has: spki:sha256:…, subject:…, email:…, dns:…; empty: none. See docs/sysadmin.md',
    ),
  certificate_match: z
    .string()
    .default('')
    .describe(
      'Finds the account of a client certificate by attributes that are there already; {email}, {dns} or {subject} is what a trusted certificate names, each of them by itself; empty: none',
    ),
  limits_attribute: attribute
    .or(z.literal(''))
    .default('')
    .describe(
      'Attribute with limits of an account, such as messages_per_hour=500 or sessions=none, in place of those of limits; empty: none',
    ),
  tls_attribute: attribute
    .or(z.literal(''))
    .default('')
    .describe('Attribute with names of tls_criteria, or presets, that its TLS has to meet; empty: none'),
  send_as_attributes: z
    .array(attribute)
    .default([])
    .describe(
      'Attributes with further addresses that an account may send as, or *@DOMAIN for all of a domain (not of those below it); users must not be able to write them',
    ),
  on_behalf_attributes: z
    .array(attribute)
    .default([])
    .describe('Attributes with addresses that an account may write for, with a Sender of its own'),
  grants_attribute: attribute
    .or(z.literal(''))
    .default('')
    .describe(
      'Attribute with what an account may do beside: list, mail of everybody to its lists; resend, mail of others again; helpdesk, addresses of others in display names; empty: none',
    ),
  pairs_attribute: attribute
    .or(z.literal(''))
    .default('')
    .describe(
      'Attribute with the combinations ENVELOPE HEADER, each ADDRESS or *@DOMAIN, the envelope also <>, that an account which has it may write, and nothing else; empty: none',
    ),
  send_as_filter: z
    .string()
    .default('')
    .describe(
      'Finds groups and shared mailboxes as whose addresses an account may send, below group_base, or base; {dn} is the account, {uid} its uid; empty: none',
    ),
  on_behalf_filter: z
    .string()
    .default('')
    .describe('The same for addresses that it may write for, with a Sender of its own; empty: none'),
  state_attributes: z
    .array(z.enum(stateAttributes))
    .default([])
    .describe(
      'Attributes of the server that say more of it: locked, expired, or with a password to be changed',
    ),
  required_groups: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'DNs of groups: an account has to be in one of them to log in, itself or by way of other groups',
    ),
  forbidden_groups: z
    .array(z.string().min(1))
    .default([])
    .describe('DNs of groups: an account that is in one of them may not log in'),
  nested_groups: z
    .enum(['walk', 'in-chain'])
    .default('walk')
    .describe(
      'How groups in groups are found: walk searches upwards below group_base, in-chain asks Active Directory',
    ),
  group_base: bases
    .optional()
    .describe('Where walk searches groups, and send_as_filter what it finds, with all that lies below'),
  member_attributes: z
    .array(attribute)
    .min(1)
    .default(['member', 'uniqueMember', 'memberUid'])
    .describe('Attributes by which a group names its members for walk: by DN, memberUid by their uid'),
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
    .describe('Longest wait for what is asked of one server, connecting to it included'),
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

export type DirectorySettings = z.infer<typeof sectionSchema> & {
  /** Groups that follow from other settings: whether an account is in them is asked, and decides no login. */
  readonly asked_groups?: readonly string[];
};

function checkSection(settings: DirectorySettings, context: z.RefinementCtx): void {
  const check = (path: (string | number)[], use: () => unknown) => {
    try {
      use();
    } catch (error) {
      context.addIssue({ code: 'custom', path, message: (error as Error).message });
    }
  };
  const { base, bind_template, filter, certificate_match } = settings;
  check(['filter'], () => (bind_template === undefined ? parseFilter(filter) : parseCondition(filter)));
  for (const key of ['send_as_filter', 'on_behalf_filter'] as const) {
    check([key], () => settings[key] === '' || parseAccountFilter(settings[key]));
  }
  check(['certificate_match'], () => certificate_match === '' || parseCertificateFilter(certificate_match));
  if (bind_template !== undefined) check(['bind_template'], () => parseDnTemplate(bind_template));
  if ((base === undefined) === (bind_template === undefined)) {
    const message = base === undefined ? 'is missing' : 'and bind_template contradict each other';
    context.addIssue({ code: 'custom', path: ['base'], message });
  }
  const hasGroups = settings.required_groups.length + settings.forbidden_groups.length > 0;
  if (hasGroups && settings.scram_attribute !== '') {
    const message = 'and groups contradict each other: they are not asked for with SCRAM';
    context.addIssue({ code: 'custom', path: ['scram_attribute'], message });
  }
  for (const [key, message] of problemsOf(settings)) {
    context.addIssue({ code: 'custom', path: [key], message });
  }
  if (hasGroups && settings.nested_groups === 'walk' && settings.group_base === undefined) {
    const message = 'is missing: where the groups are that other groups may be in';
    context.addIssue({ code: 'custom', path: ['group_base'], message });
  }
  settings.urls.forEach((url, index) => {
    check(['urls', index], () => parseEndpoint(url, settings));
  });
}

/** The section `directory` of the settings. */
export const directorySettings = z.preprocess(withPreset, sectionSchema.superRefine(checkSection));

/** An entry of `login_domains`. */
export const loginDomain = z
  .string()
  .refine(
    (text) => parseDomain(text.replace(/^\*\./, '')) !== undefined,
    'expected a domain name, or *.DOMAIN for all below it',
  );

const entrySchema = z.strictObject({
  name: name.describe('How log lines call it; stands in front of the ids of its accounts'),
  login_domains: z
    .array(loginDomain)
    .min(1)
    .describe(
      'Logins of these domains (what stands behind the last @) it alone answers; *.DOMAIN is for all domains below one',
    ),
  ...sectionSchema.shape,
});

/** An entry of `directories`: the keys of the section, by the same rules, and whose logins it answers. */
export const directoryEntry = z.preprocess(withPreset, entrySchema.superRefine(checkSection));
