import { z } from 'zod';
import { mode } from './mode.ts';
import { tlsReports } from './tls-reports.ts';

/** The section `outbound`. */
export const outbound = z.strictObject({
  unproven_mail: z
    .enum(['enforce', 'observe'])
    .default('enforce')
    .describe(
      'Mail in the queue that this gateway did not accept, or that was changed since. enforce: it is held until `gatekeeper held` releases or drops it; observe: it is delivered, with an alarm. emergency does not change it',
    ),
  received_client: z
    .enum(['hide', 'show'])
    .default('hide')
    .describe(
      'Whether the Received field of mail from who has logged in, or is registered by address, names the client, by address and HELO, and the envelope sender. hide: it carries the queue id, by which `gatekeeper trace` finds all of that (RFC 5321 §7.6)',
    ),
  received_login: z
    .enum(['none', 'hash'])
    .default('none')
    .describe(
      'hash: that field also carries a keyed hash of the account, the same in all its mail, which `gatekeeper trace` leads back; the key is made once, received.key in data_directory',
    ),
  mta_sts: mode.describe(
    'Policies of recipients that name their servers and demand TLS of them (MTA-STS, RFC 8461), for mail whose servers no plugin and no smart host names. enforce: mail waits, and is given back at last, where no server is one of those; observe: events tell where that would be; off: nobody is asked. emergency does not change it',
  ),
  dane: mode
    .default('off')
    .describe(
      'The same for TLSA records of the servers (DANE, RFC 7672). It needs a resolver that validates (DNSSEC) on this machine, as the only one in dns.servers',
    ),
  requiretls: z
    .enum(['offer', 'off'])
    .default('offer')
    .describe(
      'Whether clients on ports for submission may ask that a message is handed to no server without TLS (RFC 8689). offer: wherever this gateway alone hands it on; the log says why it does not',
    ),
  requiretls_beside: z
    .array(z.string().min(1))
    .default(['dkim', 'karma'])
    .describe(
      'Plugins of yours that have a hook at queue_outbound and only look on, or refuse: they take no message. REQUIRETLS is offered beside no others',
    ),
  tls_reports: tlsReports,
});
