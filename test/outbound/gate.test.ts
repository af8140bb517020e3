import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Demand } from '../../plugins/core/haraka/facts/gate.ts';
import type { Clearance } from '../../plugins/core/haraka/transaction.ts';
import type { Identity } from '../../plugins/core/identity.ts';
import { decideGate, decideOutbound, decideRelay } from '../../plugins/outbound/gate.ts';
import type { Verdict } from '../../plugins/core/verdict.ts';
import { nothingDelegated } from '../../plugins/core/rights.ts';

const demanded = ['tls/required', 'sender/header'].map((check) => ({ check, clears: 'message' as const }));
const identity: Identity = {
  proof: 'account',
  name: 'alice',
  id: 'uid=alice',
  addresses: [],
  ...nothingDelegated,
  forwards: 'off',
};
const session = {
  client: { address: '192.0.2.1' },
  listener: { port: 587, role: 'submission' as const },
  helo: 'client.example',
  sender: { text: '', isNull: true },
  once: <T>(_name: string, make: () => T) => make(),
  receiver: 'gw.corp.example',
  publish: () => undefined,
  ...{ onceInSession: <T>(_name: string, make: () => T) => make(), count: 1, bytes: 0 },
  ...{ whenEnded: () => undefined, tell: () => undefined, provisional: 0 },
  id: 'ID.1',
  standing: { sender: '<alice@corp.example>', authors: 'From: alice@corp.example\n' },
  authorsMark: 'mark',
  keepRecord: () => undefined,
  tlsOption: () => undefined,
};
const bob = { text: 'bob@corp.example', isNull: false };
const postmaster = { text: 'Postmaster@corp.example', isNull: false };
const abuse = { text: 'abuse@corp.example', isNull: false };

function clearances(...checks: readonly [string, string][]): ReadonlyMap<string, Clearance> {
  return new Map(
    checks.map(([check, revision]) => [
      check,
      { check, revision, outcome: 'pass' as const, mode: 'enforce' as const },
    ]),
  );
}

const all = clearances(['tls/required', 'r1'], ['sender/header', 'r1']);

const cases = [
  {
    it: 'all cleared, identity',
    with: all,
    identity: true,
    relaying: true,
    accept: 'pass',
    outbound: 'pass',
  },
  {
    it: 'all cleared, inbound',
    with: all,
    identity: false,
    relaying: false,
    accept: 'skip',
    outbound: 'relay-denied',
  },
  {
    it: 'relaying set by another plugin',
    with: all,
    identity: false,
    relaying: true,
    accept: 'relay-denied',
    outbound: 'relay-denied',
  },
  {
    it: 'nothing cleared',
    with: clearances(),
    identity: true,
    relaying: true,
    accept: 'not-cleared',
    outbound: 'not-cleared',
  },
  {
    it: 'one check did not run',
    with: clearances(['tls/required', 'r1']),
    identity: true,
    relaying: true,
    accept: 'not-cleared',
    outbound: 'not-cleared',
  },
  {
    it: 'cleared under other settings',
    with: clearances(['tls/required', 'r1'], ['sender/header', 'r0']),
    ...{ identity: true, relaying: true, accept: 'not-cleared', outbound: 'not-cleared' },
  },
] as const;

function shown(verdict: Verdict): string {
  return verdict.kind === 'refuse' ? verdict.reason : verdict.kind;
}

void describe('the last gate', () => {
  for (const each of cases) {
    void it(`${each.it}: ${each.accept} at data_post, ${each.outbound} at queue_outbound`, () => {
      const facts = {
        ...session,
        ...{ clearances: each.with, relaying: each.relaying, revision: 'r1', recipients: [bob] },
        ...(each.identity && { identity }),
      };
      assert.equal(shown(decideGate(facts, demanded)), each.accept);
      assert.equal(shown(decideOutbound(facts, demanded)), each.outbound);
    });
  }

  const kept = [
    { it: 'postmaster alone', recipients: [postmaster], accept: 'skip' },
    { it: 'postmaster and abuse', recipients: [postmaster, abuse], accept: 'skip' },
    { it: 'another beside them', recipients: [postmaster, bob], accept: 'not-cleared' },
  ] as const;
  for (const { it: title, recipients, accept } of kept) {
    void it(`refused but for those who must stay reachable, to ${title}: ${accept}`, () => {
      const refused = { check: 'sender/header', revision: 'r1', outcome: 'kept', mode: 'enforce' } as const;
      const clearances = new Map([...all, ['sender/header', refused]]);
      const facts = { ...session, clearances, recipients, relaying: false, revision: 'r1' };
      assert.equal(shown(decideGate(facts, demanded)), accept);
    });
  }

  const login = { check: 'own/login', revision: 'r1', outcome: 'pass', mode: 'enforce' } as const;
  const whoever = { ...login, check: 'own/rcpt', recipients: new Set(['bob@corp.example']) };
  const other = { ...identity, proof: 'network' } as const;
  const ofOthers: readonly {
    readonly it: string;
    readonly clears: Demand['clears'];
    readonly clearance?: Clearance;
    readonly identity?: Identity;
    readonly accept: string;
  }[] = [
    { it: 'a client that was let in', clears: 'session', clearance: login, accept: 'pass' },
    {
      it: 'a client that was let in under other settings',
      ...{ clears: 'session', clearance: { ...login, revision: 'r0' }, accept: 'pass' },
    },
    { it: 'a client that nobody has judged', clears: 'session', accept: 'not-cleared' },
    { it: 'a login that was let in', clears: 'login', clearance: login, accept: 'pass' },
    { it: 'a login that nobody has judged', clears: 'login', accept: 'not-cleared' },
    { it: 'a host without a login', clears: 'login', identity: other, accept: 'pass' },
    { it: 'a recipient that was judged', clears: 'recipient', clearance: whoever, accept: 'pass' },
    {
      it: 'a recipient that another plugin has added',
      ...{ clears: 'recipient', clearance: { ...whoever, recipients: new Set(['x@corp.example']) } },
      accept: 'not-cleared',
    },
    {
      it: 'the same while the check only observes',
      ...{ clears: 'recipient', clearance: { ...whoever, mode: 'observe', recipients: new Set() } },
      accept: 'pass',
    },
    { it: 'recipients that nobody has judged', clears: 'recipient', accept: 'not-cleared' },
    {
      it: 'recipients that were judged under other settings',
      ...{ clears: 'recipient', clearance: { ...whoever, revision: 'r0' }, accept: 'not-cleared' },
    },
    { it: 'what leaves, and was judged', clears: 'departure', clearance: login, accept: 'pass' },
    { it: 'what leaves, and nobody has judged', clears: 'departure', accept: 'not-cleared' },
  ];
  for (const { it: title, clears, clearance, identity: who = identity, accept } of ofOthers) {
    void it(`asked of a check of others, ${title}: ${accept}`, () => {
      const clearances = new Map([...all, ...(clearance ? [['own/check', clearance] as const] : [])]);
      const facts = {
        ...session,
        clearances,
        relaying: true,
        revision: 'r1',
        recipients: [bob],
        identity: who,
      };
      assert.equal(shown(decideGate(facts, [...demanded, { check: 'own/check', clears }])), accept);
    });
  }

  const untilData = [
    { it: 'nobody', identity: undefined, relaying: false, is: 'tenant-unproven' },
    {
      it: 'nobody, whom another plugin would relay for',
      identity: undefined,
      relaying: true,
      is: 'tenant-unproven',
    },
    { it: 'an identity that nobody would relay for', identity, relaying: false, is: 'tenant-unproven' },
    { it: 'a tenant that is proven', identity, relaying: true, is: 'pass' },
  ] as const;
  for (const { it: title, identity: who, relaying, is } of untilData) {
    void it(`with recipients that were accepted until DATA, of ${title}: ${is}`, () => {
      const facts = { ...session, clearances: all, relaying, revision: 'r1', recipients: [bob] };
      const verdict = decideGate({ ...facts, provisional: 1, ...(who && { identity: who }) }, demanded);
      assert.equal(shown(verdict), is);
    });
  }

  const because = 'why';
  const callers = [
    { tenancy: { kind: 'provisional', tenants: ['corp'] }, is: 'skip' },
    { tenancy: { kind: 'unknown', because }, is: 'defer' },
    { tenancy: { kind: 'stranger', because }, is: 'relay-denied' },
  ] as const;
  for (const { tenancy, is } of callers) {
    void it(`has a client that is ${tenancy.kind} to tenants name others: ${is}`, () => {
      const recipient = { text: 'x@partner.example', isNull: false };
      const client = { ...session.client, tenancy };
      assert.equal(shown(decideRelay({ ...session, client, recipient })), is);
    });
  }

  void it('lets only an identity name recipients that nobody accepted as local', () => {
    const recipient = { text: 'x@partner.example', isNull: false };
    assert.equal(shown(decideRelay({ ...session, recipient })), 'relay-denied');
    assert.equal(shown(decideRelay({ ...session, recipient, identity })), 'pass');
  });
});
