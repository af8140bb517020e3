import { z } from 'zod';
import { isCipherList } from '../criteria/cipher-list.ts';
import { presetNames, tlsVersions } from '../criteria/presets.ts';
import { domainPattern, name, network } from './parts.ts';

/** Which TLS is good enough, for all and for some. */

const minVersion = z.enum(tlsVersions);

const ciphers = z.string().refine(isCipherList, 'OpenSSL knows no such cipher suites');

const preset = z.enum(presetNames);

export const tls = z.strictObject({
  preset: preset
    .default('intermediate')
    .describe(
      'modern: TLS 1.3 only; intermediate: TLS 1.2 too, with forward secrecy and AEAD; legacy-device: whatever old devices speak, which protects little (RFC 8996)',
    ),
  min_version: minVersion
    .optional()
    .describe('Oldest protocol accepted, where it is to be newer than that of the preset'),
  ciphers: ciphers
    .optional()
    .describe(
      'Cipher suites of TLS 1.2 and older in place of those of the preset, in the syntax of OpenSSL; those of TLS 1.3 are all sound',
    ),
  mx: z
    .enum(['opportunistic', 'required'])
    .default('opportunistic')
    .describe('Whether servers that bring mail must use TLS (RFC 3207 §4 forbids it for a public MX)'),
});

const required = z.enum(['required']).optional();

const file = z.string().min(1).optional();

const scope = {
  ports: z
    .array(z.int().min(1).max(65535))
    .default([])
    .describe('Holds on these ports; of several kinds of scope all have to be met, of one kind one'),
  networks: z
    .array(network)
    .default([])
    .describe('Holds for clients with these addresses or networks (ADDRESS/PREFIX)'),
  accounts: z
    .array(z.string().min(1).max(512))
    .default([])
    .describe(
      'Holds for who has logged in as one of these: ids or names, as `gatekeeper login` shows them, network:NAME or tenant:NAME',
    ),
  sender_domains: z
    .array(domainPattern)
    .default([])
    .describe(
      'Holds for mail from these domains, by its envelope and by its From, in clear too; *.DOMAIN for those below one',
    ),
};

const demands = {
  min_version: minVersion.optional().describe('Oldest protocol accepted'),
  ciphers: ciphers
    .optional()
    .describe(
      'The suite has to be one of these, in the syntax of OpenSSL; all of TLS 1.3 are, unless one is named',
    ),
  forward_secrecy: required.describe('required: no key exchange by RSA alone'),
  client_certificate: required.describe(
    'required: the client shows a certificate that one of authorities_file has signed',
  ),
  authorities_file: file.describe('Certificates (PEM) of those who sign client certificates'),
  revocations_file: file.describe(
    'Their lists of certificates that are revoked (PEM or DER); where one is missing or old, mail waits',
  ),
  certificate_names: z
    .array(z.string().min(1).max(255))
    .default([])
    .describe('The certificate is for one of these names (SAN, DNS); empty: whatever they sign'),
  sni: required.describe('required: the client names the server that it means (RFC 6066 §3)'),
};

export const tlsCriterion = z.strictObject({
  name: name.describe('How events, log lines and directory.tls_attribute call it'),
  owner: z.string().min(1).max(200).describe('Who answers for this entry'),
  expires: z.iso
    .date()
    .optional()
    .describe('Last day (YYYY-MM-DD, UTC) on which this entry counts; an exception needs one'),
  ...scope,
  ...demands,
  exception: preset
    .optional()
    .describe(
      'Takes the place of the section tls for these ports or networks; what other entries ask for stays',
    ),
  note: z.string().max(500).optional().describe('For whoever reads this later'),
});
