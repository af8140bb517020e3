import { z } from 'zod';
import { rights } from './registrations.ts';
import { providerNames, withProvider } from '../tenant/providers.ts';
import { domain, network } from './parts.ts';

/** Customers of a provider whose servers relay for all of its customers. */

/** RFC 5322 §3.6.8. */
const fieldName = z.string().regex(/^[\x21-\x39\x3b-\x7e]{1,100}$/, 'expected the name of a header field');

const fieldValue = z.string().regex(/^[\x21-\x39\x3b-\x7e]{1,100}: ?\S.*$/, 'expected NAME: VALUE');

const entry = z.strictObject({
  ...rights,
  domains: z
    .array(domain)
    .min(1)
    .describe(
      'Domains of the tenant: it may send as every address of them, not below them; one of them has to stand in `domain_header`, and one has to have signed (DKIM)',
    ),
  ids: z
    .array(z.string().min(1).max(128))
    .min(1)
    .describe('Ids of the tenant, one of which has to stand in `id_header`: GUIDs, in Microsoft 365'),
  provider: z
    .enum(providerNames)
    .default('microsoft365')
    .describe('Whose customer it is: says what the keys below say where they stand nowhere'),
  addresses: z
    .array(network)
    .default([])
    .describe(
      'Addresses or networks (ADDRESS/PREFIX) of servers of your own that hand mail to the provider; empty: mail of its own mailboxes only',
    ),
  certificate_names: z
    .array(domain)
    .min(1)
    .describe('One of these names has to stand in the client certificate, as it is and not by a wildcard'),
  spf_domain: domain.describe('Domain whose SPF record covers the addresses of the provider'),
  ca_file: z
    .string()
    .min(1)
    .optional()
    .describe('Certificates (PEM) of the authorities that sign its certificate; default: those of Node.js'),
  id_header: fieldName.describe('Header field with the id of the tenant'),
  domain_header: fieldName.describe('Header field with the domain of the tenant'),
  inside: z
    .array(fieldValue)
    .min(1)
    .describe('Header fields, as NAME: VALUE, that say that a mailbox of the tenant has sent the message'),
  outside: z
    .array(fieldValue)
    .default([])
    .describe(
      'Other values of the same fields, for what came to the provider from elsewhere: they count where `address_header` names one of `addresses`',
    ),
  address_header: fieldName
    .optional()
    .describe('Header field with the address that the provider had the message from, or Ip=[ADDRESS] in it'),
  expires: z.iso.date().describe('Last day (YYYY-MM-DD, UTC) on which this entry counts'),
});

/** An entry of the list `tenants`. */
export const tenant = z.preprocess(withProvider, entry);
