import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fetchPolicy, StsError, type StsFetching } from '../../../plugins/core/mta-sts/fetch.ts';
import { authority, serverOf } from '../../support/certificates.ts';
import { enforced, plain, startWorld, type Answer, type Published, type World } from './world.ts';

void describe('fetching a policy (RFC 8461 §3.3)', () => {
  let world: World;
  before(async () => (world = await startWorld()));
  after(() => world.stop());

  let domains = 0;
  /** Fetches the policy of a domain that has it published. */
  const fetched = (what: Published, how: Partial<StsFetching> = {}) => {
    domains += 1;
    const domain = `d${domains}.example`;
    world.publish(domain, what);
    return fetchPolicy(domain, { ...world.gateway(), ...how });
  };
  const fails = (policy: Promise<unknown>, type: string, says: RegExp) =>
    assert.rejects(policy, (error) => {
      assert.ok(error instanceof StsError);
      assert.match(`${error.type}: ${error.message}`, new RegExp(`^${type}: `));
      assert.match(error.message, says);
      return true;
    });

  void it('brings what is at the place for it', async () => {
    world.publish('corp.example', { policy: enforced });
    const { mode, mx } = await fetchPolicy('corp.example', world.gateway());
    assert.deepEqual([mode, mx], ['enforce', ['mx.corp.example']]);
    assert.deepEqual(world.asked.splice(0), ['mta-sts.corp.example/.well-known/mta-sts.txt']);
  });

  for (const type of ['text/plain; charset=utf-8', 'Text/Plain ;x=y', 'text/plain;charset=latin9'])
    void it(`takes ${type} for text/plain`, async () => {
      assert.equal((await fetched({ policy: plain(enforced, type) })).mode, 'enforce');
    });

  const padded = (length: number) => `${enforced}note: ${'x'.repeat(length - enforced.length - 6)}`;

  void it('brings 64 KiB', async () => {
    assert.equal((await fetched({ policy: padded(65_536) })).text.length, 5);
  });

  void it('tries the next address where one does not answer', async () => {
    assert.equal(
      (await fetched({ policy: enforced, addresses: ['127.0.0.9', '127.0.0.1'] })).mode,
      'enforce',
    );
  });

  const status =
    (code: number): Answer =>
    (_request, response) =>
      response
        .writeHead(code, { 'content-type': 'text/plain', location: '/.well-known/mta-sts.txt' })
        .end(enforced);
  const drip: Answer = (_request, response) => {
    response.setHeader('content-type', 'text/plain').write(enforced);
    const timer = setInterval(() => response.write('x: y\r\n'), 50);
    response.on('close', () => clearInterval(timer));
  };
  const torn: Answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '5000' }).write(enforced);
    setTimeout(() => response.destroy(), 20);
  };

  const faults: readonly { it: string; type?: string; says: RegExp; answer: Answer | string; late?: true }[] =
    [
      { it: 'there is none', says: /^HTTP 404$/, answer: status(404) },
      { it: 'the server fails', says: /^HTTP 503$/, answer: status(503) },
      { it: 'there is another success than 200', says: /^HTTP 203$/, answer: status(203) },
      { it: 'it is elsewhere', says: /^HTTP 301: redirections are not followed$/, answer: status(301) },
      { it: 'it is elsewhere for now', says: /^HTTP 302: redirections/, answer: status(302) },
      { it: 'it has more than 64 KiB', says: /more than 64 KiB/, answer: padded(65_537) },
      { it: 'it is cut short', says: /aborted/, answer: torn },
      { it: 'it drips', says: /^no whole answer within 0.4 s$/, answer: drip, late: true },
      { it: 'it never comes', says: /^no whole answer within 0.4 s$/, answer: () => undefined, late: true },
      { it: 'it is a page', says: /media type/, answer: plain(enforced, 'text/html') },
      {
        it: 'it has no media type',
        says: /media type/,
        answer: (_request, response) => response.end(enforced),
      },
      { it: 'it is no policy', type: 'sts-policy-invalid', says: /line 1 is no field/, answer: 'It works!' },
      {
        it: 'it is no UTF-8',
        type: 'sts-policy-invalid',
        says: /no UTF-8/,
        answer: plain(Buffer.concat([Buffer.from(`${enforced}x: `), Buffer.from([0xff])])),
      },
      {
        it: 'it begins with a byte order mark',
        type: 'sts-policy-invalid',
        says: /line 1 is no field/,
        answer: plain(`\ufeff${enforced}`),
      },
    ];
  for (const { it: what, type = 'sts-policy-fetch-error', says, answer, late } of faults)
    void it(`fails where ${what}, and asks once`, async () => {
      world.asked.length = 0;
      const began = performance.now();
      await fails(fetched({ policy: answer }, { milliseconds: late ? 400 : 5000 }), type, says);
      assert.ok(performance.now() - began < 4000);
      assert.equal(world.asked.length, 1);
    });

  const untrusted: readonly {
    it: string;
    says: RegExp;
    certificate: () => Published['certificate'] & object;
  }[] = [
    {
      it: 'is for another name',
      says: /^the certificate is not for mta-sts\.d\d+\.example$/,
      certificate: () => world.mint.make({ name: 'x', extensions: serverOf('www.example'), by: world.root }),
    },
    {
      it: 'names it as its subject alone',
      says: /not for mta-sts/,
      certificate: () =>
        world.mint.make({ name: `mta-sts.d${domains + 1}.example`, extensions: [], by: world.root }),
    },
    {
      it: 'has * for a part of the label',
      says: /not for mta-sts/,
      certificate: () =>
        world.mint.make({ name: 'x', extensions: serverOf(`mta*.d${domains + 1}.example`), by: world.root }),
    },
    {
      it: 'has expired',
      says: /expired/,
      certificate: () =>
        world.mint.make({
          name: 'x',
          extensions: serverOf(`mta-sts.d${domains + 1}.example`),
          by: world.root,
          days: -1,
        }),
    },
    {
      it: 'has signed itself',
      says: /self-signed/,
      certificate: () =>
        world.mint.make({ name: 'x', extensions: serverOf(`mta-sts.d${domains + 1}.example`) }),
    },
    {
      it: 'is of an authority that nobody trusts',
      says: /unable to verify|unable to get/,
      certificate: () =>
        world.mint.make({
          name: 'x',
          extensions: serverOf(`mta-sts.d${domains + 1}.example`),
          by: world.mint.make({ name: 'other', extensions: authority }),
        }),
    },
  ];
  for (const { it: what, says, certificate } of untrusted)
    void it(`asks for nothing where the certificate ${what}`, async () => {
      world.asked.length = 0;
      const shown = certificate();
      await fails(fetched({ policy: enforced, certificate: shown }), 'sts-webpki-invalid', says);
      assert.deepEqual(world.asked, []);
    });

  void it('takes a certificate with * for the whole label', async () => {
    const extensions = serverOf(`*.d${domains + 1}.example`);
    const certificate = world.mint.make({ name: 'x', extensions, by: world.root });
    assert.equal((await fetched({ policy: enforced, certificate })).mode, 'enforce');
  });

  void it('says that the policy host has no address', async () => {
    await fails(
      fetched({ policy: enforced, addresses: [] }),
      'sts-policy-fetch-error',
      /^mta-sts\.d\d+\.example has no address \(no-data\)$/,
    );
    await fails(
      fetchPolicy('nobody.example', world.gateway()),
      'sts-policy-fetch-error',
      /no address \(nxdomain\)/,
    );
  });

  void it('says that nobody listens there', async () => {
    await fails(fetched({ policy: enforced }, { port: 1 }), 'sts-policy-fetch-error', /ECONNREFUSED/);
  });

  void it('does not knock at any number of addresses', async () => {
    const addresses = ['127.0.0.5', '127.0.0.6', '127.0.0.7', '127.0.0.8', '127.0.0.1'];
    await fails(
      fetched({ policy: enforced, addresses }),
      'sts-policy-fetch-error',
      /ECONNREFUSED 127.0.0.5:.*; .*127.0.0.8:\d+$/,
    );
  });

  void it('fails for a domain that no URL can name', async () => {
    await fails(fetchPolicy('192.0.2.1', world.gateway()), 'sts-policy-fetch-error', /Invalid URL/);
  });
});
