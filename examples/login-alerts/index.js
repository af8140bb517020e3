'use strict';
// Tells a webhook of accounts whose logins fail again and again: each at most once an hour.
const { defineEventSink, install } = require('haraka-plugin-gatekeeper');

const hourMs = 3_600_000;

/** Anybody may try to log in as anybody: so many names are remembered, the latest. */
const mostAccounts = 10_000;

exports.register = function () {
  const { main } = this.config.get('login-alerts.ini');
  install(this, { eventSinks: [exports.loginAlerts(main)] });
};

/** Throws where there is no URL to post to. */
exports.loginAlerts = function ({ url, failures = 5, timeout_seconds: seconds = 10 }) {
  const { href, host } = new URL(url);
  let accounts = new Map();

  async function post(text, signal) {
    const response = await fetch(href, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${host} answered ${response.status}`);
  }

  return defineEventSink({
    name: 'login-alerts',
    async take(events, signal) {
      // What was counted holds once all is posted: until then the same events come again.
      const counted = new Map(accounts);
      for (const { check, verdict, login, network, detail, time } of events) {
        if (check !== 'auth/login' || verdict !== 'refuse' || !login) continue;
        const account = login.toLowerCase();
        const now = Date.parse(time);
        const known = counted.get(account) ?? { since: now, count: 0, told: -Infinity };
        const isOver = now - known.since >= hourMs;
        const next = { ...known, ...(isOver && { since: now, count: 0 }) };
        next.count += 1;
        if (next.count >= failures && now - next.told >= hourMs) {
          const where = `last from ${network ?? 'an unknown network'} at ${time}: ${detail ?? 'no cause'}`;
          await post(`${next.count} failed logins of ${account} within an hour, ${where}`, signal);
          next.told = now;
        }
        counted.delete(account);
        counted.set(account, next);
      }
      accounts = new Map([...counted].slice(-mostAccounts));
    },
  });
};
