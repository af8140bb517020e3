import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';
import { errors } from 'jose';
import {
  freshMs,
  IssuerUnavailable,
  keysOfText,
  pauseMs,
  RemoteKeys,
} from '../../../plugins/auth/oauth/keys.ts';
import { readKeySet } from '../../../plugins/core/oauth/key-set.ts';
import { issuerKey, type IssuerKey } from '../../support/oauth.ts';

const staleMs = 3_600_000;
const setOf = (...keys: readonly IssuerKey[]) =>
  JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) });

void describe('a set of keys (RFC 7517)', () => {
  for (const text of ['', '<html>', 'null', '1', '[]', '{}', '{"keys":1}', '{"keys":{}}']) {
    void it(`is not ${JSON.stringify(text)}, which is not quoted`, () => {
      assert.throws(
        () => readKeySet(text),
        /^Error: this is no (?:JSON|JWK Set \(RFC 7517\): it has no list of keys)$/,
      );
    });
  }

  void it('counts without what is no public key', async () => {
    const key = await issuerKey('one');
    const others = [
      null,
      1,
      'x',
      {},
      { kty: 'oct', k: 'c2VjcmV0' },
      { ...key.publicJwk, d: 'AAAA' },
      { kty: 'new' },
    ];
    const set = readKeySet(JSON.stringify({ keys: [...others, key.publicJwk] }));
    assert.deepEqual(set.keys, [key.publicJwk]);
    assert.throws(() => keysOfText(JSON.stringify({ keys: others })), /there is no public key in it/);
  });
});

void describe('keys that are fetched', () => {
  let one: IssuerKey;
  let two: IssuerKey;
  let now: number;
  let asked: number;
  let server: () => Promise<string>;
  let log: string[];
  let keys: RemoteKeys;

  const down = () => Promise.reject(new Error('connect ECONNREFUSED'));
  const up =
    (...set: readonly IssuerKey[]) =>
    () =>
      Promise.resolve(setOf(...set));
  const find = (key: IssuerKey) =>
    Promise.resolve(keys.find({ alg: key.alg, kid: key.kid }, { payload: '', signature: '' }));
  const found = (key: IssuerKey) => find(key).then((each) => assert.ok(each));
  const unavailable = (key: IssuerKey) =>
    assert.rejects(
      find(key),
      (error) => error instanceof IssuerUnavailable && error.message.startsWith('oauth: https://idp: '),
    );
  const unknown = (key: IssuerKey) => assert.rejects(find(key), errors.JWKSNoMatchingKey);

  before(async () => {
    one = await issuerKey('one');
    two = await issuerKey('two');
  });
  beforeEach(() => {
    [now, asked, log] = [1000, 0, []];
    server = up(one);
    keys = new RemoteKeys({
      from: 'https://idp',
      download: () => {
        asked += 1;
        return server();
      },
      staleMs,
      now: () => now,
      log: (message) => log.push(message),
    });
  });

  void it('are fetched once for many who wait, and not again while they are fresh', async () => {
    await Promise.all(Array.from({ length: 100 }, () => found(one)));
    now += freshMs - 1;
    await found(one);
    assert.equal(asked, 1);
    now += 1;
    await found(one);
    assert.equal(asked, 2);
  });

  void it('can be fetched beforehand, and nobody minds where that fails', async () => {
    server = down;
    await keys.fetch();
    assert.equal(asked, 1);
    assert.deepEqual(log, ['oauth: https://idp: connect ECONNREFUSED']);
  });

  void it('are missing while the server is down at first, which is asked once in a while', async () => {
    server = down;
    for (let second = 0; second < 60; second += 1, now += 1000) await unavailable(one);
    assert.equal(asked, 6);
    assert.equal(log.length, 1, 'one complaint a minute');
    server = up(one);
    now += pauseMs;
    await found(one);
    assert.match(log.at(-1) ?? '', /can be fetched again$/);
  });

  void it('stay for their time while the server is down later', async () => {
    await found(one);
    server = down;
    for (const end = now + freshMs + staleMs - 1; now < end; now += 60_000) await found(one);
    now = 1000 + freshMs + staleMs;
    await unavailable(one);
  });

  void it('that are unknown while the server is down may be new: nobody is refused', async () => {
    await found(one);
    server = down;
    now += pauseMs;
    await unavailable(two);
    await unavailable(two);
    assert.equal(asked, 2);
    await found(one);
  });

  void it('that are unknown make us ask again, not more often than once in a while', async () => {
    await found(one);
    server = up(one, two);
    await unknown(two);
    assert.equal(asked, 1);
    now += pauseMs;
    await found(two);
    await Promise.all(
      Array.from({ length: 100 }, (_each, index) => unknown({ ...two, kid: `made-up-${index}` })),
    );
    assert.equal(asked, 2);
  });

  void it('that were withdrawn count no more once they are not fresh', async () => {
    await found(one);
    server = up(two);
    now += freshMs;
    await unknown(one);
    await found(two);
  });

  void it('that were all withdrawn do not stay while none comes', async () => {
    await found(one);
    server = up();
    now += freshMs;
    await unavailable(one);
    server = down;
    now += pauseMs;
    await unavailable(one);
  });

  for (const text of ['<html>', 'null', '{"keys":[]}']) {
    void it(`do not come of ${text}`, async () => {
      server = () => Promise.resolve(text);
      await unavailable(one);
    });
  }
});
