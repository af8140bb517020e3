import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerTo, text, type FakeDns, type FakeQuery, type Script } from '../../support/fake-dns.ts';
import { causeOf, client, fake } from './fixtures.ts';

const found = { kind: 'records', records: ['a'] };
const long = { timeout: 60_000 };

/** A server that answers when it is told to. */
async function held(): Promise<{
  server: FakeDns;
  queries: FakeQuery[];
  release: () => void;
  came: (n: number) => Promise<void>;
}> {
  const script: Script = () => undefined;
  const server = await fake(script);
  const release = (): void => {
    for (const query of server.queries.splice(0)) query.send(answerTo(query, { answers: [text('a')] }));
  };
  const came = async (n: number): Promise<void> => {
    while (server.queries.length < n) await sleep(1);
  };
  return { server, queries: server.queries, release, came };
}

describe('dns: equal questions at once', () => {
  it('are one', async () => {
    const { server, queries, release, came } = await held();
    const dns = client([server.address], long);
    const signal = new AbortController().signal;
    const waiting = [dns.resolve('a', 'TXT'), dns.resolve('A.', 'TXT'), dns.resolve('a', 'TXT', signal)];
    await came(1);
    await sleep(20);
    assert.equal(queries.length, 1);
    release();
    const [first, ...others] = await Promise.all(waiting);
    assert.deepEqual(first, found);
    for (const other of others) assert.equal(other, first);
  });

  it('go on for the others when one gives up', async () => {
    const { server, release, came } = await held();
    const dns = client([server.address], long);
    const [one, two] = [new AbortController(), new AbortController()];
    const gone = dns.resolve('a', 'TXT', one.signal);
    const stays = dns.resolve('a', 'TXT', two.signal);
    await came(1);
    one.abort(new Error('gone'));
    await assert.rejects(gone, /^Error: gone$/);
    release();
    assert.deepEqual(await stays, found);
  });

  it('are called off when the last gives up, and asked anew later', async () => {
    const { server, queries, release, came } = await held();
    const dns = client([server.address], long);
    const [one, two] = [new AbortController(), new AbortController()];
    const gone = [dns.resolve('a', 'TXT', one.signal), dns.resolve('a', 'TXT', two.signal)];
    await came(1);
    one.abort(new Error('gone'));
    two.abort(new Error('gone'));
    for (const one of await Promise.allSettled(gone)) assert.equal(one.status, 'rejected');
    const again = dns.resolve('a', 'TXT');
    await came(2);
    const andAgain = dns.resolve('a', 'TXT');
    await sleep(10);
    assert.equal(queries.length, 2);
    release();
    assert.deepEqual(await Promise.all([again, andAgain]), [found, found]);
  });
});

describe('dns: an abort', () => {
  it('before the question sends none', async () => {
    const { server, queries } = await held();
    const reason = new Error('too late');
    await assert.rejects(client([server.address]).resolve('a', 'TXT', AbortSignal.abort(reason)), reason);
    assert.equal(queries.length, 0);
  });

  const transports: readonly { it: string; script: Script }[] = [
    { it: 'over UDP', script: () => undefined },
    {
      it: 'over TCP',
      script: (query) => (query.transport === 'udp' ? answerTo(query, { isTruncated: true }) : undefined),
    },
  ];
  for (const { it: what, script } of transports) {
    it(`${what} leaves nothing behind`, async () => {
      const server = await fake(script);
      const dns = client([server.address], long);
      const before = resources();
      const controller = new AbortController();
      const waiting = dns.resolve('a', 'TXT', controller.signal);
      await sleep(50);
      assert.equal(getEventListeners(controller.signal, 'abort').length, 1);
      const reason = new Error('enough');
      controller.abort(reason);
      await assert.rejects(waiting, reason);
      await sleep(20);
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
      assert.deepEqual(resources(), before);
    });
  }

  it('that never comes leaves no listener behind', async () => {
    const server = await fake((query) => answerTo(query, { answers: [text('a')] }));
    const dns = client([server.address]);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 50 }, (_, n) => dns.resolve(`n${n}`, 'TXT', signal)));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('after the answer changes nothing', async () => {
    const { server, queries, release, came } = await held();
    const dns = client([server.address], { ...long, cache: { minTtl: 0, maxTtl: 0 } });
    const controller = new AbortController();
    const waiting = dns.resolve('a', 'TXT', controller.signal);
    await came(1);
    release();
    await waiting;
    const next = dns.resolve('a', 'TXT');
    controller.abort();
    await came(1);
    assert.equal(queries.length, 1);
    release();
    assert.deepEqual(await next, found);
  });
});

describe('dns: many questions at once', () => {
  it('wait for a place, in order', async () => {
    const { server, queries, release, came } = await held();
    const dns = client([server.address], { ...long, places: 3 });
    const waiting = Array.from({ length: 7 }, (_, n) => dns.resolve(`n${n}`, 'TXT'));
    const asked: string[] = [];
    for (const count of [3, 3, 1]) {
      await came(count);
      await sleep(10);
      assert.equal(queries.length, count);
      asked.push(...queries.map(({ section }) => section.toString('latin1', 1, 3)));
      release();
    }
    for (const answer of await Promise.all(waiting)) assert.deepEqual(answer, found);
    assert.deepEqual(asked, ['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6']);
  });

  it('are turned away beyond the queue', async () => {
    const { server, release, came } = await held();
    const dns = client([server.address], { ...long, places: 1, queue: 2 });
    const waiting = ['a', 'b', 'c'].map((name) => dns.resolve(name, 'TXT'));
    assert.match(causeOf(await dns.resolve('d', 'TXT')), /too many questions/);
    for (let n = 0; n < 3; n += 1) {
      await came(1);
      release();
    }
    for (const answer of await Promise.all(waiting)) assert.deepEqual(answer, found);
    const again = dns.resolve('d', 'TXT');
    await came(1);
    release();
    assert.deepEqual(await again, found, 'being turned away is not remembered');
  });

  it('do not wait for a place for ever', async () => {
    const { server } = await held();
    const dns = client([server.address], { timeout: 50, attempts: 2, places: 1 });
    const waiting = ['a', 'b'].map((name) => dns.resolve(name, 'TXT'));
    assert.deepEqual(await Promise.all(waiting), [{ kind: 'timeout' }, { kind: 'timeout' }]);
  });

  it('lose their place in the queue when they are called off', async () => {
    const { server, queries, release, came } = await held();
    const dns = client([server.address], { ...long, places: 1, queue: 1 });
    const first = dns.resolve('a', 'TXT');
    const controller = new AbortController();
    const second = dns.resolve('b', 'TXT', controller.signal);
    await came(1);
    controller.abort(new Error('gone'));
    await assert.rejects(second, /gone/);
    const third = dns.resolve('c', 'TXT');
    release();
    await came(1);
    assert.equal(queries[0]?.section.toString('latin1', 1, 2), 'c');
    release();
    assert.deepEqual(await Promise.all([first, third]), [found, found]);
  });

  it('are all answered', async () => {
    const server = await fake((query) => answerTo(query, { answers: [text('a')] }));
    const dns = client([server.address], { timeout: 5000, places: 50 });
    const waiting = Array.from({ length: 1000 }, (_, n) => dns.resolve(`n${n}`, 'TXT'));
    for (const answer of await Promise.all(waiting)) assert.deepEqual(answer, found);
    assert.equal(server.queries.length, 1000);
  });
});

/** What would keep the process alive, but for what the tests themselves have. */
function resources(): readonly string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => name === 'Timeout' || name === 'TCPSocketWrap')
    .sort();
}
