'use strict';
const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { tryCheck } = require('haraka-plugin-gatekeeper/testing');
const { businessHours } = require('..');

const settings = { accounts: ['Monitoring@corp.example'], time_zone: 'Europe/Berlin' };

/** What MAIL of an account comes to, at a time. */
function at(time, name, more = {}) {
  const identity = { proof: 'account', name, id: `uid=${name}`, addresses: [name] };
  const client = {
    client: { address: '192.0.2.7' },
    listener: { port: 587, role: 'submission' },
    helo: 'host',
  };
  const facts = { ...client, identity, sender: { text: name, isNull: false } };
  return (test) => {
    test.mock.timers.enable({ apis: ['Date'], now: Date.parse(time) });
    return tryCheck(businessHours({ ...settings, ...more }), facts);
  };
}

const cases = [
  // 2026-11-24 is a Tuesday; Berlin is an hour ahead.
  { it: 'in the morning', time: '2026-11-24T06:00:00Z', is: 'pass' },
  { it: 'a minute too early', time: '2026-11-24T05:59:59Z', is: 'refuse' },
  { it: 'in the last minute', time: '2026-11-24T17:59:59Z', is: 'pass' },
  { it: 'in the evening', time: '2026-11-24T18:00:00Z', is: 'refuse' },
  { it: 'on Sunday', time: '2026-11-22T12:00:00Z', is: 'refuse' },
  {
    it: 'on Sunday, where that is a day like others',
    time: '2026-11-22T12:00:00Z',
    days: 'Sat Sun',
    is: 'pass',
  },
];

describe('business hours', () => {
  for (const { it: title, time, is, days } of cases) {
    it(`${title}: ${is}`, async (test) => {
      const { verdict } = await at(time, 'monitoring@corp.example', days && { days })(test);
      assert.equal(verdict.kind, is);
    });
  }

  it('says when it would be taken', async (test) => {
    const { reply, verdict } = await at('2026-11-24T23:00:00Z', 'monitoring@corp.example')(test);
    assert.equal(
      reply,
      '550 5.7.1 This account sends in business hours alone From 07:00 to 19:00, Mon Tue Wed Thu Fri.',
    );
    assert.equal(verdict.detail, 'Wed 00:00');
  });

  it('is not asked of people', async (test) => {
    const { verdict } = await at('2026-11-22T12:00:00Z', 'alice@corp.example')(test);
    assert.deepEqual(verdict, { kind: 'skip', because: 'no service account' });
  });

  const mistakes = [
    { it: 'no account', settings: { accounts: [] }, says: /names nobody/ },
    { it: 'no such day', settings: { days: 'Mon Tues' }, says: /days=Mon Tues/ },
    { it: 'no time of day', settings: { from: '7' }, says: /7 is no HH:MM/ },
    { it: 'no such time zone', settings: { time_zone: 'Moon' }, says: /Moon/ },
  ];
  for (const { it: title, settings: wrong, says } of mistakes) {
    it(`does not begin with ${title}`, () => {
      assert.throws(() => businessHours({ ...settings, ...wrong }), says);
    });
  }
});
