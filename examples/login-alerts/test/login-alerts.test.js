'use strict';
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { createServer } = require('node:http');
const { text } = require('node:stream/consumers');
const { after, before, beforeEach, describe, it } = require('node:test');
const { loginAlerts, register } = require('..');

const noon = Date.parse('2026-11-24T12:00:00.000Z');

/** A login that fails, so many minutes after noon. */
const failed = (login, minute) => ({
  ...{ check: 'auth/login', verdict: 'refuse', detail: 'wrong-password', network: '192.0.2.0/24' },
  ...{ login, time: new Date(noon + minute * 60_000).toISOString() },
});
const signal = new AbortController().signal;

describe('login alerts', () => {
  let server;
  let url;
  let status;
  let posted;
  before(async () => {
    server = createServer(async (request, response) => {
      const body = JSON.parse(await text(request));
      if (status === 200) posted.push(body.text);
      if (status === 0) return;
      response.writeHead(status).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${server.address().port}/hook`;
  });
  beforeEach(() => {
    [status, posted] = [200, []];
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const sink = () => loginAlerts({ url, failures: '3', timeout_seconds: '0.5' });

  it('tell of an account, its network, the cause and the time, once its logins have failed often enough', async () => {
    await sink().take(
      [0, 1, 2, 3].map((minute) => failed('Alice@corp.example', minute)),
      signal,
    );
    assert.deepEqual(posted, [
      '3 failed logins of alice@corp.example within an hour, last from 192.0.2.0/24 at 2026-11-24T12:02:00.000Z: wrong-password',
    ]);
  });

  it('tell of each account by itself, at most once an hour', async () => {
    const alerts = sink();
    for (let minute = 0; minute < 180; minute += 1) {
      await alerts.take([failed('alice', minute), failed(`somebody${minute}`, minute)], signal);
    }
    assert.deepEqual(
      posted.map((each) => /of (\S+) .* at \S+T(\d\d:\d\d)/.exec(each).slice(1)),
      [
        ['alice', '12:02'],
        ['alice', '13:02'],
        ['alice', '14:02'],
      ],
    );
  });

  it('are not about logins that succeed, nor about anything else', async () => {
    const events = Array.from({ length: 9 }, (_, minute) => failed('alice', minute));
    await sink().take([...events.map((each) => ({ ...each, verdict: 'pass' }))], signal);
    await sink().take([...events.map((each) => ({ ...each, check: 'sender/envelope' }))], signal);
    assert.deepEqual(posted, []);
  });

  for (const [what, code] of [
    ['refuses', 500],
    ['sends elsewhere', 302],
    ['never answers', 0],
  ]) {
    it(`come again when the server ${what}, and are counted once`, async () => {
      const alerts = sink();
      const events = [0, 1, 2].map((minute) => failed('alice', minute));
      status = code;
      await assert.rejects(alerts.take(events, signal));
      await assert.rejects(alerts.take(events, signal));
      status = 200;
      await alerts.take(events, signal);
      assert.equal(posted.length, 1);
      assert.match(posted[0], /^3 failed logins/);
    });
  }

  it('need somewhere to go', () => {
    assert.throws(() => register.call({ config: { get: () => ({ main: {} }) } }), /Invalid URL/);
  });
});
