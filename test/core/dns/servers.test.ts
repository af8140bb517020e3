import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freePorts } from '../../support/ports.ts';
import { answerTo, text, wireName, type Script } from '../../support/fake-dns.ts';
import { alias } from './concluded.ts';
import { causeOf, client, fake } from './fixtures.ts';

const works: Script = (query) => answerTo(query, { answers: [text('works')] });
const fails: Script = (query) => answerTo(query, { rcode: 2 });
const refuses: Script = (query) => answerTo(query, { rcode: 5 });
const silent: Script = () => undefined;
const found = { kind: 'records', records: ['works'] };

/** An address of this machine where nothing listens. */
async function nobody(): Promise<string> {
  const [port] = await freePorts(1);
  return `127.0.0.1:${port}`;
}

describe('dns: several servers', () => {
  it('are asked in order', async () => {
    const [first, second] = [await fake(works), await fake(works)];
    const dns = client([first.address, second.address]);
    for (const name of ['a', 'b', 'c']) assert.deepEqual(await dns.resolve(name, 'TXT'), found);
    assert.deepEqual([first.queries.length, second.queries.length], [3, 0]);
  });

  for (const { it: what, script } of [
    { it: 'SERVFAIL', script: fails },
    { it: 'REFUSED', script: refuses },
    {
      it: 'nonsense',
      script: ((query) => answerTo(query, { answers: [Buffer.from([0x40])] })) satisfies Script,
    },
    { it: 'silence', script: silent },
  ]) {
    it(`the second is asked after ${what} of the first`, async () => {
      const [first, second] = [await fake(script), await fake(works)];
      const dns = client([first.address, second.address]);
      assert.deepEqual(await dns.resolve('a', 'TXT'), found);
      assert.deepEqual([first.queries.length, second.queries.length], [1, 1]);
    });
  }

  it('the second is asked at once when nothing listens at the first', async () => {
    const second = await fake(works);
    const dns = client([await nobody(), second.address], { timeout: 60_000 });
    assert.deepEqual(await dns.resolve('a', 'TXT'), found);
    assert.deepEqual(await dns.resolve('b', 'TXT'), found);
  });

  it('each is asked once when all fail, and all causes are told', async () => {
    const [first, second] = [await fake(fails), await fake(refuses)];
    const cause = causeOf(await client([first.address, second.address]).resolve('a', 'TXT'));
    assert.equal(cause, `${first.address} answered SERVFAIL; ${second.address} answered REFUSED`);
    assert.deepEqual([first.queries.length, second.queries.length], [1, 1]);
  });

  it('servfail wins over silence: somebody answered', async () => {
    const [first, second] = [await fake(silent), await fake(fails)];
    const answer = await client([first.address, second.address]).resolve('a', 'TXT');
    assert.match(causeOf(answer), /answered SERVFAIL/);
  });

  it('nxdomain and no-data are not asked twice', async () => {
    const [first, second] = [await fake((query) => answerTo(query, { rcode: 3 })), await fake(works)];
    assert.deepEqual(await client([first.address, second.address]).resolve('a', 'TXT'), { kind: 'nxdomain' });
    assert.equal(second.queries.length, 0);
  });

  it('a failed chain of one leaves nothing to the next', async () => {
    const ring: Script = (query) => answerTo(query, { answers: [alias('b'), alias('a', wireName('b'))] });
    const [first, second] = [await fake(ring), await fake(works)];
    assert.deepEqual(await client([first.address, second.address]).resolve('a', 'TXT'), found);
  });

  it('all silent end in timeout, after as many tries as were allowed', async () => {
    const [first, second] = [await fake(silent), await fake(silent)];
    const dns = client([first.address, second.address], { timeout: 50, attempts: 3 });
    assert.deepEqual(await dns.resolve('a', 'TXT'), { kind: 'timeout' });
    assert.deepEqual([first.queries.length, second.queries.length], [2, 1]);
  });

  it('nobody there is servfail at once', async () => {
    const dns = client([await nobody(), await nobody()], { timeout: 60_000 });
    assert.match(causeOf(await dns.resolve('a', 'TXT')), /is not there.*ECONNREFUSED.*is not there/);
  });
});

describe('dns: a server that is dead', () => {
  it('is not asked first for a while, and then again', async () => {
    let now = 0;
    let isDead = true;
    const first = await fake((query) => (isDead ? undefined : works(query)));
    const second = await fake(works);
    const dns = client([first.address, second.address], { timeout: 150, now: () => now });
    for (const name of ['a', 'b', 'c', 'd', 'e']) assert.deepEqual(await dns.resolve(name, 'TXT'), found);
    assert.equal(first.queries.length, 3);
    now = 10_001;
    const together = ['f', 'g'].map((name) => dns.resolve(name, 'TXT'));
    assert.deepEqual(await Promise.all(together), [found, found]);
    assert.equal(first.queries.length, 4, 'one question found out that it is dead yet');
    isDead = false;
    now = 20_002;
    assert.deepEqual(await dns.resolve('h', 'TXT'), found);
    assert.deepEqual(await dns.resolve('i', 'TXT'), found);
    assert.equal(first.queries.length, 6);
  });

  it('is not dead for a silence about one name', async () => {
    const first = await fake((query) => (query.section.includes('dead') ? undefined : works(query)));
    const second = await fake(works);
    const dns = client([first.address, second.address], { timeout: 150 });
    for (const name of ['dead1', 'a', 'dead2', 'b', 'dead3', 'c'])
      assert.deepEqual(await dns.resolve(name, 'TXT'), found);
    assert.equal(first.queries.length, 6);
  });

  it('is asked all the same when there is no other', async () => {
    const [port] = await freePorts(1);
    const dns = client([`127.0.0.1:${port}`], { cache: { failureTtl: 0 } });
    assert.match(causeOf(await dns.resolve('a', 'TXT')), /ECONNREFUSED/);
    const server = await fake(works, port);
    assert.deepEqual(await dns.resolve('a', 'TXT'), found);
    await server.stop();
    assert.match(causeOf(await dns.resolve('b', 'TXT')), /ECONNREFUSED/);
  });

  it('may die with questions in flight', async () => {
    const first = await fake(silent);
    const second = await fake(works);
    const dns = client([first.address, second.address], { timeout: 60_000 });
    const waiting = dns.resolve('a', 'TXT');
    while (first.queries.length === 0) await new Promise(setImmediate);
    await first.stop();
    assert.deepEqual(await dns.resolve('b', 'TXT'), found);
    assert.deepEqual(await waiting, found);
  });
});
