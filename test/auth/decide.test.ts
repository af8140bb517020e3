import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decidePlace, decideVerification } from '../../plugins/auth/decide.ts';
import type { Credential } from '../../plugins/core/credential.ts';
import type { Verification } from '../../plugins/core/directory/directory.ts';

const now = new Date('2027-01-31T12:00:00Z');
const office = ['10.1.0.0/16', '2001:db8::/48'];

interface Case {
  readonly it: string;
  readonly credential: Omit<Credential, 'name'>;
  readonly client?: string;
  readonly now?: Date;
  readonly is?: string;
}

const cases: readonly Case[] = [
  { it: 'counts everywhere and for ever, where nothing else is said', credential: {} },
  { it: 'counts before its last day', credential: { expires: '2027-02-01' } },
  { it: 'counts on its last day', credential: { expires: '2027-01-31' } },
  {
    it: 'counts in the last second of it, in UTC',
    credential: { expires: '2027-01-31' },
    now: new Date('2027-01-31T23:59:59.999Z'),
  },
  {
    it: 'does not count in the first second after it',
    credential: { expires: '2027-01-31' },
    now: new Date('2027-02-01T00:00:00Z'),
    is: 'app-password-expired',
  },
  { it: 'does not count long after it', credential: { expires: '1999-12-31' }, is: 'app-password-expired' },
  { it: 'counts in its networks', credential: { networks: office }, client: '10.1.255.255' },
  { it: 'counts in those of IPv6', credential: { networks: office }, client: '2001:db8:0:ffff::1' },
  {
    it: 'counts for an IPv4 address that is written as IPv6',
    credential: { networks: office },
    client: '::ffff:10.1.2.3',
  },
  {
    it: 'does not count beside them',
    credential: { networks: office },
    client: '10.2.0.0',
    is: 'app-password-elsewhere',
  },
  {
    it: 'does not count beside those of IPv6',
    credential: { networks: office },
    client: '2001:db8:1::1',
    is: 'app-password-elsewhere',
  },
  {
    it: 'does not count for an IPv4 address beside them that is written as IPv6',
    credential: { networks: office },
    client: '::ffff:10.2.0.0',
    is: 'app-password-elsewhere',
  },
  {
    it: 'does not count for what is no address',
    credential: { networks: office },
    client: 'unknown',
    is: 'app-password-elsewhere',
  },
  {
    it: 'counts nowhere, where it has no network at all',
    credential: { networks: [] },
    is: 'app-password-elsewhere',
  },
  {
    it: 'says first that it is expired',
    credential: { networks: office, expires: '2027-01-30' },
    client: '192.0.2.1',
    is: 'app-password-expired',
  },
  {
    it: 'needs both, where it has both',
    credential: { networks: office, expires: '2027-01-31' },
    client: '10.1.0.1',
  },
];

const noServers = { mail_servers: [] };
const nobody = () => false;

void describe('an application password', () => {
  const account = { id: 'uid=alice', name: 'alice@corp.example', addresses: [] };

  for (const { it: title, credential, client = '10.1.2.3', now: at = now, is } of cases) {
    void it(title, () => {
      const asked: Verification = {
        kind: 'account',
        account: { ...account, credential: { name: 'printer', ...credential } },
      };
      const decided = decidePlace(asked, client, noServers, at, nobody);
      assert.deepEqual(
        decided,
        is === undefined ? asked : { kind: 'refused', cause: is, credential: 'printer' },
      );
      const verdict = decideVerification(decided);
      assert.deepEqual(
        verdict,
        is === undefined ? { kind: 'pass' } : { kind: 'refuse', reason: 'bad-credentials', detail: is },
      );
    });
  }

  void it('is no matter for who has logged in otherwise, or was refused', () => {
    for (const other of [
      { kind: 'account', account },
      { kind: 'refused', cause: 'wrong-password' },
      { kind: 'refused', cause: 'account-disabled', credential: 'printer' },
    ] as const) {
      assert.equal(decidePlace(other, '192.0.2.1', noServers, now, nobody), other);
    }
  });
});
