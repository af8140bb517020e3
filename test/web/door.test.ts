import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { certificateIn } from '../../scripts/demo/certificates.ts';
import { varDir } from '../../scripts/demo/instance.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { startWeb, type TestWeb } from '../support/web.ts';

interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** As a client that writes what headers it likes. */
async function ask(
  web: TestWeb,
  path: string,
  { method = 'GET', headers = {}, body }: Sent = {},
): Promise<Response> {
  const request = web.origin.startsWith('https') ? httpsRequest : httpRequest;
  const sent = request({
    host: '127.0.0.1',
    port: web.port,
    path,
    method,
    headers,
    rejectUnauthorized: false,
  });
  sent.end(body);
  return new Promise((done, reject) => {
    sent.once('error', reject);
    sent.once('response', (response) => {
      void text(response).then((read) =>
        done({ status: response.statusCode ?? 0, headers: response.headers, body: read }),
      );
    });
  });
}

/** What a browser says of a form of the page itself. */
const ours = {
  'sec-fetch-site': 'same-origin',
  origin: 'null',
  'content-type': 'application/x-www-form-urlencoded',
};

function logIn(
  web: TestWeb,
  account: string,
  password: string,
  headers: Readonly<Record<string, string>> = ours,
) {
  const body = new URLSearchParams({ account, password, to: '/trace?what=x' }).toString();
  return ask(web, '/login', { method: 'POST', headers, body });
}

async function cookieOf(
  web: TestWeb,
  account = 'alice@corp.example',
  password = 'pw-alice',
): Promise<string> {
  const { headers, status } = await logIn(web, account, password);
  assert.equal(status, 303);
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

async function tokenOf(web: TestWeb, cookie: string): Promise<string> {
  const { body } = await ask(web, '/held', { headers: { cookie } });
  return /name="token" value="([\w-]{43})"/.exec(body)?.[1] ?? '';
}

void describe('the door of the page', () => {
  let web: TestWeb;
  before(async () => void (web = await startWeb({ web: { hosts: ['mail-admin.corp.example'] } })));
  after(() => web.stop());

  void it('shows nobody anything before the login, and leads back to what was asked for', async () => {
    for (const path of ['/', '/logins', '/trace?what=x', '/settings', '/nowhere']) {
      const { status, headers } = await ask(web, path);
      assert.deepEqual([status, headers.location], [303, `/login?to=${encodeURIComponent(path)}`]);
    }
    assert.equal((await logIn(web, 'alice@corp.example', 'pw-alice')).headers.location, '/trace?what=x');
  });

  void it('leads nowhere else', async () => {
    for (const to of [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '/nowhere',
      '/trace/../x',
    ]) {
      const body = new URLSearchParams({
        account: 'alice@corp.example',
        password: 'pw-alice',
        to,
      }).toString();
      const { headers } = await ask(web, '/login', { method: 'POST', headers: ours, body });
      assert.equal(headers.location, '/', to);
    }
  });

  void it('answers a wrong password, an unknown account, and one without a role alike', async () => {
    const tried = [
      ['alice@corp.example', 'wrong'],
      ['nobody@corp.example', 'wrong'],
      ['carol@corp.example', 'pw-carol'],
      ['retired@corp.example', 'pw-retired'],
    ] as const;
    const bodies = new Set<string>();
    for (const [account, password] of tried) {
      const { status, body, headers } = await logIn(web, account, password);
      assert.deepEqual([status, headers['set-cookie']], [401, undefined], account);
      bodies.add(body.replaceAll(account, 'X'));
    }
    assert.equal(bodies.size, 1);
    web.pass(3_600_000);
  });

  void it('sets a cookie that no script reads and no other site sends', async () => {
    const { headers } = await logIn(web, 'alice@corp.example', 'pw-alice');
    assert.match(
      headers['set-cookie']?.[0] ?? '',
      /^gatekeeper=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
  });

  void it('sends the headers that keep a page to itself, with every answer', async () => {
    for (const path of ['/login', '/', '/nowhere']) {
      const { headers } = await ask(web, path);
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      );
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
      assert.equal(headers['cache-control'], 'no-store');
    }
  });

  for (const { host, status } of [
    { host: 'evil.example', status: 421 },
    { host: '127.0.0.1.evil.example', status: 421 },
    { host: 'localhost:9000', status: 303 },
    { host: 'MAIL-ADMIN.corp.example', status: 303 },
    { host: '[::1]:8025', status: 303 },
  ]) {
    void it(`answers ${status} to Host ${host}`, async () => {
      assert.equal((await ask(web, '/', { headers: { host } })).status, status);
    });
  }

  for (const { it: name, headers } of [
    { it: 'another site', headers: { ...ours, 'sec-fetch-site': 'cross-site' } },
    { it: 'another host of the same site', headers: { ...ours, 'sec-fetch-site': 'same-site' } },
    { it: 'another origin', headers: { ...ours, origin: 'https://evil.example' } },
    { it: 'nobody knows where', headers: { 'content-type': ours['content-type'] } },
  ]) {
    void it(`refuses a form from ${name}, a login too`, async () => {
      assert.equal((await logIn(web, 'alice@corp.example', 'pw-alice', headers)).status, 403);
    });
  }

  void it('refuses a form without the token of the session, or with that of another', async () => {
    const [cookie, other] = [await cookieOf(web), await cookieOf(web)];
    const act = async (token: string) => {
      const body = new URLSearchParams({ action: 'forget', account: 'x', token }).toString();
      return (await ask(web, '/held', { method: 'POST', headers: { ...ours, cookie }, body })).status;
    };
    assert.equal(await act(''), 403);
    assert.equal(await act(await tokenOf(web, other)), 403);
    assert.equal(await act(await tokenOf(web, cookie)), 303);
    const { requests } = await web.site.requests.pending(new Date(web.site.now()));
    assert.deepEqual(
      requests.map(({ request }) => request.act),
      [{ action: 'forget', account: 'x' }],
    );
  });

  void it('lets a viewer do nothing, whatever he sends', async () => {
    const cookie = await cookieOf(web, 'bob@corp.example', 'pw-bob');
    const body = new URLSearchParams({
      action: 'forget',
      account: 'y',
      token: await tokenOf(web, cookie),
    }).toString();
    assert.equal(
      (await ask(web, '/held', { method: 'POST', headers: { ...ours, cookie }, body })).status,
      403,
    );
  });

  void it('ends a session when nothing was asked for half an hour, and at the latest after eight hours', async () => {
    const isIn = async (cookie: string) => (await ask(web, '/', { headers: { cookie } })).status === 200;
    const idle = await cookieOf(web);
    web.pass(31 * 60_000);
    assert.equal(await isIn(idle), false);
    const busy = await cookieOf(web);
    for (let minutes = 0; minutes < 470; minutes += 29) {
      assert.equal(await isIn(busy), true);
      web.pass(29 * 60_000);
    }
    web.pass(20 * 60_000);
    assert.equal(await isIn(busy), false);
  });

  void it('refuses what is too long, no form, or another method', async () => {
    const headers = { ...ours };
    assert.equal(
      (await ask(web, '/login', { method: 'POST', headers, body: 'x'.repeat(20_000) })).status,
      413,
    );
    assert.equal(
      (await ask(web, '/login', { method: 'POST', headers: { ...ours, 'content-type': 'text/plain' } }))
        .status,
      415,
    );
    assert.equal((await ask(web, '/', { method: 'DELETE' })).status, 405);
    assert.equal((await ask(web, 'http://evil.example/')).status, 400);
  });

  void it('makes who guesses wait, longer than any patience, but not an admin who was here before', async () => {
    for (let tries = 0; tries < 5; tries += 1) await logIn(web, 'bob@corp.example', `guess-${tries}`);
    const { status, headers, body } = await logIn(web, 'bob@corp.example', 'pw-bob');
    assert.equal(status, 429);
    assert.ok(Number(headers['retry-after']) >= 60, headers['retry-after']);
    assert.match(body, /Too many logins failed/);
    assert.equal((await logIn(web, 'alice@corp.example', 'wrong')).status, 429, 'the client is the same');
    web.pass(3_600_000);
    assert.equal((await logIn(web, 'bob@corp.example', 'pw-bob')).status, 303);
  });

  void it('tells the log who logged in, and never a password', () => {
    const log = web.lines.join('\n');
    assert.match(log, /logged in: alice@corp.example from 127.0.0.1/);
    assert.doesNotMatch(log, /pw-|guess-|wrong$/m);
  });

  void it('lets nobody in while the directory is down, and asks it again about who is in', async () => {
    const cookie = await cookieOf(web);
    await web.stopDirectory();
    assert.equal((await logIn(web, 'alice@corp.example', 'pw-alice')).status, 503);
    assert.equal((await ask(web, '/', { headers: { cookie } })).status, 200);
    web.pass(6 * 60_000);
    assert.equal((await ask(web, '/', { headers: { cookie } })).status, 503);
  });
});

void describe('the page with a group among the viewers that is not there', () => {
  void it('says once a minute in its log what the directory has against it', async () => {
    const group = 'cn=no-such-group,ou=groups,dc=corp,dc=example';
    const web = await startWeb({ web: { viewers: [group] } });
    try {
      for (let n = 0; n < 3; n += 1) {
        assert.equal((await logIn(web, 'alice@corp.example', 'pw-alice')).status, 503);
      }
      const [line = '', ...more] = web.lines;
      assert.match(line, /^the directory cannot be asked: ldap:.*noSuchObject \(32\)/);
      assert.ok(line.includes(`"${group}" (web.admins or web.viewers)`), line);
      assert.ok(!line.includes('pw-alice'));
      assert.deepEqual(more, []);
    } finally {
      await web.stop();
    }
  });
});

void describe('the page with TLS', () => {
  let web: TestWeb;
  before(async () => {
    const { key, cert } = certificateIn(varDir);
    web = await startWeb({ keys: { key: Buffer.from(key), cert: Buffer.from(cert) } });
  });
  after(() => web.stop());

  void it('sets a cookie that only this host, over TLS, has', async () => {
    const { headers } = await logIn(web, 'alice@corp.example', 'pw-alice');
    assert.match(
      headers['set-cookie']?.[0] ?? '',
      /^__Host-gatekeeper=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
  });
});

void describe('settings of the page that are refused', () => {
  for (const { web, says } of [
    { web: '{admins: [a@b.example], host: 0.0.0.0}', says: /web.host: 0.0.0.0 is no loopback address/ },
    { web: '{}', says: /web.admins: is missing: nobody could log in/ },
    { web: '{admins: [a@b.example], prot: 1}', says: /prot/ },
  ]) {
    void it(web, () => {
      const yaml = `directory: {urls: ["ldaps://x"], bind_dn: x, base: x}\nweb: ${web}\n`;
      assert.throws(() => parseSettings(yaml, 'x.yaml'), says);
    });
  }
});
