import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer, Dns, RecordType } from '../../../plugins/core/dns/dns.ts';
import { checkHost } from '../../../plugins/core/spf/check-host.ts';
import { memoryDns } from './memory-dns.ts';
import { usual } from './table.ts';

const zone = {
  'corp.example': [{ TXT: 'v=spf1 a:h.test exp=e.test -all' }],
  'h.test': [{ A: '192.0.2.9' }],
  'e.test': [{ TXT: 'x' }],
} as const;

interface Asked {
  readonly name: string;
  readonly signal: AbortSignal | undefined;
}

/** Answers all but one name, of which it says nothing, however it is asked to stop; `late` answers it after all. */
function silentAbout(name: string): { dns: Dns; asked: Asked[]; late: () => void } {
  const known = memoryDns(zone);
  const asked: Asked[] = [];
  let late = (): void => undefined;
  const resolve = <T extends RecordType>(question: string, type: T, signal?: AbortSignal) => {
    asked.push({ name: question, signal });
    if (question !== name) return known.resolve(question, type);
    return new Promise<Answer<T>>((answer) => {
      late = () => answer({ kind: 'nxdomain' });
    });
  };
  return { dns: { resolve }, asked, late: () => late() };
}

describe('the deadline', () => {
  it('ends an evaluation that waits, and calls off what it asked', async () => {
    const { dns, asked } = silentAbout('h.test');
    const outcome = await checkHost(usual, dns, { timeout: 20 });
    assert.equal(outcome.result, 'temperror');
    assert.equal(outcome.because, 'not done within 20 ms');
    assert.deepEqual(outcome.lookups, { terms: 1, voids: 0, queries: 2 });
    assert.ok(asked.every(({ signal }) => signal?.aborted === true));
  });

  it('holds although an answer comes later, of which nothing more comes', async () => {
    const { dns, asked, late } = silentAbout('h.test');
    const outcome = await checkHost(usual, dns, { timeout: 20 });
    const before = JSON.stringify(outcome);
    late();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(JSON.stringify(outcome), before);
    assert.equal(asked.length, 2);
  });

  it('leaves a fail that waits for its explanation a fail', async () => {
    const { dns } = silentAbout('e.test');
    const outcome = await checkHost(usual, dns, { timeout: 20 });
    assert.equal(outcome.result, 'fail');
    assert.equal(outcome.explanation, undefined);
    assert.equal(outcome.mechanism, '-all');
  });

  it('may be as far as one likes', async () => {
    const outcome = await checkHost(usual, memoryDns(zone), { timeout: Infinity });
    assert.equal(outcome.result, 'fail');
  });

  it('does not keep the process when the evaluation is over', async () => {
    await checkHost(usual, memoryDns(zone), { timeout: 60_000 });
    assert.deepEqual(
      process.getActiveResourcesInfo().filter((each) => each === 'Timeout'),
      [],
    );
  });
});

describe('a DNS port that breaks its word', () => {
  const failing = (resolve: () => unknown): Dns => ({ resolve: resolve as Dns['resolve'] });
  for (const { how, dns } of [
    { how: 'rejects', dns: failing(() => Promise.reject(new Error('no\r\nway'))) },
    {
      how: 'throws',
      dns: failing(() => {
        throw new Error('no\r\nway');
      }),
    },
    { how: 'answers with nothing', dns: failing(() => undefined) },
    { how: 'answers with a kind of its own', dns: failing(() => Promise.resolve({ kind: 'refused' })) },
    { how: 'answers with no records', dns: failing(() => Promise.resolve({ kind: 'records' })) },
    {
      how: 'answers with records that are no text',
      dns: failing(() => Promise.resolve({ kind: 'records', records: [{}] })),
    },
  ]) {
    it(`and ${how} is trouble, never a pass`, async () => {
      const outcome = await checkHost(usual, dns);
      assert.match(outcome.result, /^(?:temperror|none)$/);
      assert.match(outcome.because ?? '', /^[\x20-\x7e]+$/);
    });
  }

  it('and a caller that does so too', async () => {
    const outcome = await checkHost({} as never, memoryDns(zone));
    assert.equal(outcome.result, 'temperror');
  });
});
