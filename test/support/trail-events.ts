import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { event } from './web.ts';

const usual = '6F1B0A52-3C6E-4B7C-9F0E-2A1D6C1F7E10';

/** A message of Alice's: one recipient had it at once, one later, one never. `begin` in milliseconds since 1970. */
export function aliceMessage(
  begin: number,
  more: Partial<GatekeeperEvent> = {},
  connection = usual,
): GatekeeperEvent[] {
  const at = (seconds: number) => ({ time: new Date(begin + seconds * 1000).toISOString() });
  const origin = {
    message_id: '<plan.2026@corp.example>',
    ...{ sender: 'alice@corp.example', identity: 'alice@corp.example', proof: 'account' },
    identity_id: 'uid=alice,ou=people,dc=corp,dc=example',
  };
  const leaves = (fields: Partial<GatekeeperEvent>) =>
    event({ check: 'outbound/delivery', ...origin, queue_id: `${connection}.1.1`, ...fields });
  const partner = {
    ...{ remote: 'mx.partner.example', remote_address: '203.0.113.25', remote_port: 25 },
    ...{ remote_tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384', remote_verified: true },
  };
  return [
    event({
      ...{ check: 'outbound/accepted', ...origin, ...at(0), queue_id: `${connection}.1`, connection },
      ...{
        client: '198.51.100.7',
        helo: 'laptop',
        port: 587,
        role: 'submission',
        accepted: true,
        bytes: 18_212,
      },
      tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
      recipients: ['carol@partner.example', 'dan@partner.example', 'secret-bcc@elsewhere.example'],
      ...more,
    }),
    leaves({
      ...{ ...at(2), ...partner, outcome: 'delivered', recipients: ['carol@partner.example'], tries: 1 },
      answer: '250 2.0.0 Ok: queued as 4W2k',
    }),
    leaves({
      ...{ ...at(2), ...partner, outcome: 'deferred', recipients: ['dan@partner.example'], tries: 1 },
      ...{ answer: '451 4.7.1 <dan@partner.example> Greylisted, try again later', again: at(300).time },
    }),
    leaves({
      ...{
        ...at(4),
        outcome: 'bounced',
        recipients: ['secret-bcc@elsewhere.example'],
        remote: 'mx.elsewhere.example',
      },
      ...{ queue_id: `${connection}.1.2`, answer: '550 5.1.1 <secret-bcc@elsewhere.example> User unknown' },
    }),
    leaves({
      ...{ ...at(303), ...partner, outcome: 'delivered', recipients: ['dan@partner.example'], tries: 2 },
      answer: '250 2.0.0 Ok: queued as 4W2q',
    }),
  ];
}
