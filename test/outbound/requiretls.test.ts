import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Policy } from '../../plugins/core/settings/settings.ts';
import {
  decideLocal,
  decideRequireTls,
  whyNotOffered,
  type Host,
} from '../../plugins/outbound/requiretls.ts';

const host: Host = { others: [], missing: [], beginsTls: true };
const outbound: Policy['outbound'] = {
  ...({ unproven_mail: 'enforce', received_client: 'hide', received_login: 'none' } as const),
  ...{ requiretls: 'offer', requiretls_beside: ['dkim'], mta_sts: 'enforce', dane: 'off' },
};

const hosts: readonly {
  it: string;
  host?: Partial<Host>;
  settings?: Partial<Policy['outbound']>;
  says?: RegExp;
}[] = [
  { it: 'a gateway alone' },
  { it: 'a plugin that only looks on', host: { others: ['dkim'] } },
  { it: 'switched off', settings: { requiretls: 'off' }, says: /^outbound\.requiretls is off$/ },
  {
    it: 'mail unjudged',
    settings: { unproven_mail: 'observe' },
    says: /^outbound\.unproven_mail is observe/,
  },
  {
    it: 'no patch',
    host: { missing: ['outgoing-tls', 'x'] },
    says: /another than it needs: outgoing-tls, x$/,
  },
  { it: 'no TLS at all', host: { beginsTls: false }, says: /enable_tls=false/ },
  {
    ...{ it: 'plugins that may take it', host: { others: ['dkim', 'queue/smtp_forward', 'archive'] } },
    says: /at queue_outbound, .*: queue\/smtp_forward, archive; .* outbound\.requiretls_beside$/,
  },
];

void describe('REQUIRETLS is offered', () => {
  for (const { it: what, says, settings, ...each } of hosts) {
    void it(`${what}: ${says ? 'no' : 'yes'}`, () => {
      const why = whyNotOffered({ ...host, ...each.host }, { outbound: { ...outbound, ...settings } });
      assert.match(why ?? '', says ?? /^$/);
    });
  }
});

const submission = { port: 587, role: 'submission' } as const;
const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' };
const fine = { requireTls: 'present', isExtended: true, listener: submission, tls } as const;

const sayings = [
  { it: 'over TLS', said: fine, is: 'pass' },
  { it: 'nothing of it, in clear', said: { ...fine, requireTls: 'absent', tls: undefined }, is: 'pass' },
  { it: 'in clear', said: { ...fine, tls: undefined }, is: 'tls-missing' },
  { it: 'after HELO', said: { ...fine, isExtended: false }, is: 'requiretls-not-offered' },
  { it: 'with a value', said: { ...fine, requireTls: 'malformed' }, is: 'requiretls-syntax' },
  { it: 'on mx', said: { ...fine, listener: { port: 25, role: 'mx' } }, is: 'requiretls-not-offered' },
  {
    ...{ it: 'on mx, in clear: TLS would not help', is: 'requiretls-not-offered' },
    said: { ...fine, tls: undefined, listener: { port: 25, role: 'mx' } },
  },
  { it: 'where it is offered to nobody', said: fine, why: 'x', is: 'requiretls-not-offered' },
  { it: 'nothing of it there', said: { ...fine, requireTls: 'absent' }, why: 'x', is: 'pass' },
] as const;

void describe('a client that says REQUIRETLS', () => {
  for (const { it: what, said, is, ...each } of sayings) {
    void it(`${what}: ${is}`, () => {
      const { tls: secured, ...rest } = said;
      const facts = { ...rest, ...(secured && { tls: secured }) };
      const verdict = decideRequireTls(facts, 'why' in each ? each.why : undefined);
      assert.equal('reason' in verdict ? verdict.reason : verdict.kind, is);
    });
  }
});

void describe('mail to local recipients', () => {
  for (const [option, reason] of [
    ['require', 'requiretls-unsupported'],
    ['no', undefined],
    [undefined, undefined],
  ] as const) {
    void it(`${option ?? 'that wants nothing'}: ${reason ?? 'goes on'}`, () => {
      const recipients = [{ text: 'bob@corp.example', isNull: false }];
      const verdict = decideLocal({ recipients, tlsOption: () => option });
      assert.equal(verdict && 'reason' in verdict ? verdict.reason : undefined, reason);
    });
  }
});
