import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Origin } from '../../plugins/core/provenance/record.ts';
import { smartHost } from '../../plugins/core/settings/smart-hosts.ts';
import { decideRoute } from '../../plugins/outbound/route.ts';

const alice: Origin = {
  ...{ kind: 'identity', proof: 'account' },
  ...{ id: 'uid=alice,ou=people,dc=corp,dc=example', name: 'alice@corp.example' },
};
const printers: Origin = { kind: 'identity', proof: 'network', id: 'network:printers', name: 'printers' };
const inbound: Origin = { kind: 'inbound' };
const bounce: Origin = { kind: 'bounce', of: 'ID.1' };
const released: Origin = { kind: 'released', by: 'root' };
const report: Origin = { kind: 'tls-report' };

function entry(name: string, more: object) {
  return smartHost.parse({ name, host: 'relay.example', ...more });
}

const smart_hosts = [
  entry('corp', { sender_domains: ['Corp.example', 'bücher.example'] }),
  entry('corp-to-partner', { sender_domains: ['corp.example'], recipient_domains: ['partner.example'] }),
  entry('alice', { identities: ['ALICE@corp.example'], recipient_domains: ['for-alice.example'] }),
  entry('alice-by-id', {
    identities: ['UID=alice,ou=people,dc=corp,dc=example'],
    recipient_domains: ['by-id.example'],
  }),
  entry('alice-by-name', { identities: ['alice@corp.example'], recipient_domains: ['by-id.example'] }),
  entry('printers', { identities: ['printers'] }),
  entry('on-premises', { recipient_domains: ['ours.example', 'partner.example'] }),
];

/** From whom, envelope sender, domains of the recipients, and the smart host. */
const cases: readonly [
  it: string,
  origin: Origin | undefined,
  sender: string,
  to: string,
  host: string | undefined,
][] = [
  ['a sender domain', alice, 'corp.example', 'far.example', 'corp'],
  ['a sender domain of other case', alice, 'CORP.EXAMPLE', 'far.example', 'corp'],
  ['a sender domain of other letters', alice, 'xn--bcher-kva.example', 'far.example', 'corp'],
  ['no domain below it', alice, 'sub.corp.example', 'far.example', undefined],
  ['a sender domain, to one recipient domain', alice, 'corp.example', 'partner.example', 'corp-to-partner'],
  ['the identity before the domain', alice, 'corp.example', 'for-alice.example', 'alice'],
  ['the id of an identity before its name', alice, 'corp.example', 'by-id.example', 'alice-by-id'],
  ['a registered network before the domain', printers, 'corp.example', 'partner.example', 'printers'],
  ['a registered network', printers, 'other.example', 'far.example', 'printers'],
  ['recipients alone', alice, 'other.example', 'ours.example', 'on-premises'],
  ['the sender before the recipients', alice, 'corp.example', 'ours.example', 'corp'],
  ['the ordinary way', alice, 'other.example', 'far.example', undefined],
  ['the null sender of somebody', alice, '', 'far.example', undefined],
  ['mail from outside by recipients', inbound, 'other.example', 'ours.example', 'on-premises'],
  [
    'mail from outside, never by the sender that it claims',
    inbound,
    'corp.example',
    'far.example',
    undefined,
  ],
  ['a bounce by recipients', bounce, '', 'ours.example', 'on-premises'],
  ['a bounce, its ordinary way', bounce, '', 'far.example', undefined],
  ['what was released, by sender domain', released, 'corp.example', 'far.example', 'corp'],
  ['a report on TLS, by sender domain', report, 'corp.example', 'far.example', 'corp'],
  ['what nobody accepted, by recipients', undefined, 'corp.example', 'ours.example', 'on-premises'],
  ['what nobody accepted, never by sender', undefined, 'corp.example', 'far.example', undefined],
  ['what is for several domains, as for any', alice, 'corp.example', 'partner.example ours.example', 'corp'],
  [
    'what is for several, by recipients never',
    inbound,
    'x.example',
    'partner.example ours.example',
    undefined,
  ],
];

void describe('a message leaves through', () => {
  for (const [what, origin, sender, to, host] of cases) {
    void it(what, () => {
      const senderDomain = sender === '' ? undefined : sender;
      const message = { origin, senderDomain, recipientDomains: to.split(' ') };
      assert.equal(decideRoute(message, { smart_hosts })?.name, host);
    });
  }
});
