import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { download, UntrustedServer } from '../../plugins/core/download.ts';
import { createAuthority, type Authority } from '../support/ldap-certificates.ts';
import { issuerKey, KeyServer } from '../support/oauth.ts';

void describe('a download over HTTPS', () => {
  let authority: Authority;
  let server: KeyServer;
  before(async () => {
    authority = await createAuthority();
    server = await new KeyServer(await authority.issue('DNS:localhost'), [await issuerKey('one')]).start();
  });
  after(async () => {
    await server.stop();
    await authority.remove();
  });

  const from = (url: string, milliseconds = 2000, ca: string | undefined = authority.ca) =>
    download(new URL(url), { accept: 'application/json', longest: 256 * 1024, ca, milliseconds });

  void it('brings what is there', async () => {
    const { contentType, body } = await from(server.url());
    assert.equal(contentType, 'application/json');
    assert.match(body.toString(), /^\{"keys":\[\{/);
  });

  const failures = [
    { path: '/missing', says: /^HTTP 404$/ },
    { path: '/broken', says: /^HTTP 500$/ },
    { path: '/redirect', says: /^HTTP 302: redirections are not followed$/ },
    { path: '/huge', says: /^the answer has more than 256 KiB$/ },
    { path: '/endless', says: /^the answer has more than 256 KiB$/ },
    { path: '/torn', says: /^aborted$/ },
    { path: '/hang', says: /^no whole answer within 0.3 s$/ },
    { path: '/drip', says: /^no whole answer within 0.3 s$/ },
  ];
  for (const { path, says } of failures) {
    void it(`says what is wrong with ${path}, in time`, async () => {
      const began = performance.now();
      const milliseconds = says.source.includes('0.3') ? 300 : 2000;
      await assert.rejects(from(server.url(path), milliseconds), { message: says });
      assert.ok(performance.now() - began < 1500);
    });
  }

  void it('is asked for once, and not where it leads', async () => {
    const before = server.asked;
    await assert.rejects(from(server.url('/redirect')));
    assert.equal(server.asked, before + 1);
  });

  void it('trusts nobody but the authorities that it is given, whatever the environment says', async () => {
    const other = await createAuthority();
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await assert.rejects(from(server.url(), 2000, other.ca), (error) => {
        assert.ok(error instanceof UntrustedServer);
        assert.match(error.message, /unable to verify|self-signed|unable to get/);
        return true;
      });
    } finally {
      Reflect.deleteProperty(process.env, 'NODE_TLS_REJECT_UNAUTHORIZED');
      await other.remove();
    }
  });

  void it('wants the name of the host in the certificate', async () => {
    await assert.rejects(
      from(server.url().replace('localhost', '127.0.0.1')),
      /does not match|IP: 127\.0\.0\.1/,
    );
  });

  void it('says that nobody is there', async () => {
    const { port } = server;
    await server.stop();
    await assert.rejects(from(`https://localhost:${port}/keys`), /ECONNREFUSED/);
    await server.start();
  });

  void it('goes over HTTP, too', async () => {
    const clear = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(clear, 'listening');
    const { body } = await from(`http://127.0.0.1:${(clear.address() as AddressInfo).port}/`);
    assert.equal(body.toString(), '{}');
    clear.close();
  });
});
