import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { originOf, type Origin } from '../../plugins/sender/origin.ts';
import { messageFacts, type Said } from './facts.ts';
import { nothingDelegated } from '../../plugins/core/rights.ts';

const { policy } = parseSettings(
  `
roles: [mx]
nodes: [{ name: gateway-2, addresses: [192.0.2.2] }]
trusted_relays:
  - { name: filter, addresses: [192.0.2.25] }
  - { name: backup-mx, addresses: [192.0.2.26], spf: skip }
`,
  'test',
);

const alice = {
  proof: 'account',
  name: 'alice',
  id: 'uid=alice',
  addresses: [],
  ...nothingDelegated,
  forwards: 'off',
} as const;

void describe('whose address says where a message comes from', () => {
  const cases: readonly { it: string; said: Said; is: Origin }[] = [
    { it: 'of a stranger: his own', said: {}, is: { kind: 'client' } },
    {
      it: 'of who has logged in: nobody’s',
      said: { identity: alice },
      is: { kind: 'judged', because: 'authenticated' },
    },
    {
      it: 'of a node: nobody’s',
      said: { peer: { kind: 'node', name: 'gateway-2' } },
      is: { kind: 'judged', because: 'gateway-2 has judged the sender' },
    },
    {
      it: 'of a trusted relay: the one that it names',
      said: { peer: { kind: 'trusted_relay', name: 'filter' } },
      is: { kind: 'relayed', by: 'filter' },
    },
    {
      it: 'of one that judges by itself: nobody’s',
      said: { peer: { kind: 'trusted_relay', name: 'backup-mx' } },
      is: { kind: 'judged', because: 'backup-mx has judged the sender' },
    },
    {
      it: 'of a trusted relay that has logged in: nobody’s',
      said: { identity: alice, peer: { kind: 'trusted_relay', name: 'filter' } },
      is: { kind: 'judged', because: 'authenticated' },
    },
    {
      it: 'of a node that is called like a relay: nobody’s',
      said: { peer: { kind: 'node', name: 'filter' } },
      is: { kind: 'judged', because: 'filter has judged the sender' },
    },
    {
      it: 'of a stranger who says HELO like a relay: his own',
      said: { helo: 'filter' },
      is: { kind: 'client' },
    },
  ];
  for (const { it: title, said, is } of cases) {
    void it(title, () => assert.deepEqual(originOf(messageFacts(said), policy), is));
  }
});
