import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  answerTo,
  framed,
  record,
  text,
  wireName,
  type FakeQuery,
  type Script,
} from '../../support/fake-dns.ts';
import { causeOf, client, fake } from './fixtures.ts';

const found = { kind: 'records', records: ['true'] };
const truth = (query: FakeQuery): Buffer => answerTo(query, { answers: [text('true')] });
const lie = { answers: [text('false')] };

/** For what takes a busy machine its time. */
const inTime = { timeout: 5000 };

/** A message with one octet changed. */
function changed(message: Buffer, at: number, octet: number): Buffer {
  const copy = Buffer.from(message);
  copy[at] = octet;
  return copy;
}

describe('dns: what is no answer to the question is ignored', () => {
  const section = (name: string, type = 16, itsClass = 1): Buffer =>
    Buffer.concat([wireName(name), Buffer.from([0, type, 0, itsClass])]);
  const forged: readonly { it: string; make: (query: FakeQuery) => Buffer }[] = [
    { it: 'another id', make: (query) => answerTo(query, { ...lie, id: query.id ^ 1 }) },
    { it: 'another name', make: (query) => answerTo(query, { ...lie, section: section('b.example') }) },
    { it: 'a longer name', make: (query) => answerTo(query, { ...lie, section: section('a.example.b') }) },
    { it: 'another type', make: (query) => answerTo(query, { ...lie, section: section('a.example', 1) }) },
    {
      it: 'a type in another case',
      make: (query) => answerTo(query, { ...lie, section: section('a.example', 0x30) }),
    },
    {
      it: 'another class',
      make: (query) => answerTo(query, { ...lie, section: section('a.example', 16, 3) }),
    },
    { it: 'no question', make: (query) => answerTo(query, { ...lie, section: Buffer.alloc(0) }) },
    { it: 'two questions', make: (query) => changed(answerTo(query, lie), 5, 2) },
    { it: 'a query', make: (query) => changed(answerTo(query, lie), 2, 0x01) },
    { it: 'our own query', make: (query) => query.message },
    { it: 'another operation', make: (query) => changed(answerTo(query, lie), 2, 0xa0) },
    { it: 'half a header', make: (query) => answerTo(query).subarray(0, 11) },
    { it: 'half a question', make: (query) => answerTo(query).subarray(0, 18) },
    { it: 'one octet', make: () => Buffer.from([0]) },
    { it: 'nothing', make: () => Buffer.alloc(0) },
    { it: '64 KiB of zeros', make: () => Buffer.alloc(65_000) },
  ];
  for (const { it: what, make } of forged) {
    it(what, async () => {
      const server = await fake((query) => {
        query.send(make(query));
        return truth(query);
      });
      assert.deepEqual(await client([server.address]).resolve('a.example', 'TXT'), found);
      const alone = await fake(make);
      const dns = client([alone.address], { timeout: 40, attempts: 1 });
      assert.deepEqual(await dns.resolve('a.example', 'TXT'), { kind: 'timeout' });
    });
  }

  it('another port of the same address', async () => {
    const forger = createSocket('udp4');
    const server = await fake((query) => {
      forger.send(answerTo(query, lie), query.port, '127.0.0.1');
      setTimeout(() => query.send(truth(query)), 30);
      return undefined;
    });
    assert.deepEqual(await client([server.address]).resolve('a.example', 'TXT'), found);
    forger.close();
  });

  it('many guesses: the port changes after them, and the true answer still counts', async () => {
    const server = await fake((query) => {
      for (let guess = 1; guess <= 20; guess += 1)
        query.send(answerTo(query, { ...lie, id: (query.id + guess) & 0xffff }));
      setTimeout(() => query.send(truth(query)), 30);
      return undefined;
    });
    const dns = client([server.address]);
    assert.deepEqual(await dns.resolve('a.example', 'TXT'), found);
    assert.deepEqual(await dns.resolve('b.example', 'TXT'), found);
    assert.notEqual(server.queries[0]?.port, server.queries[1]?.port);
  });

  it('but the case of its letters', async () => {
    const server = await fake((query) =>
      answerTo(query, { section: section('A.eXAMPLE'), answers: [text('true')] }),
    );
    assert.deepEqual(await client([server.address]).resolve('a.example', 'TXT'), found);
  });
});

describe('dns: answers over UDP that cannot be believed', () => {
  const cases: readonly { it: string; script: Script; because: RegExp }[] = [
    {
      it: 'more octets than were asked for',
      script: (query) => Buffer.concat([truth(query), Buffer.alloc(1300)]),
      because: /sent 13\d\d octets over UDP/,
    },
    {
      it: 'a record that is cut short',
      script: (query) => truth(query).subarray(0, -1),
      because: /cut short/,
    },
    {
      it: 'counts that promise 65535 records',
      script: (query) => changed(changed(truth(query), 6, 255), 7, 255),
      because: /cut short/,
    },
    {
      it: 'a pointer loop',
      script: (query) => answerTo(query, { answers: [text('a', { owner: Buffer.from([0xc0, 27]) })] }),
      because: /pointer does not go back/,
    },
  ];
  for (const { it: what, script, because } of cases) {
    it(what, async () => {
      const server = await fake(script);
      const answer = await client([server.address]).resolve('a.example', 'TXT');
      assert.match(causeOf(answer), because);
      assert.ok(causeOf(answer).startsWith(`${server.address} sent`));
    });
  }
});

describe('dns: over TCP', () => {
  /** What the server does with the connection of a question that was too long for UDP. */
  const overTcp = (script: Script): Script => {
    return (query) => (query.transport === 'udp' ? answerTo(query, { isTruncated: true }) : script(query));
  };
  const write = (query: FakeQuery, bytes: Buffer): undefined => void query.socket?.write(bytes);
  const cases: readonly { it: string; script: Script; because: RegExp }[] = [
    {
      it: 'a reset',
      script: (query) => void query.socket?.resetAndDestroy(),
      because: /failed over TCP: .*ECONNRESET/,
    },
    {
      it: 'an end',
      script: (query) => void query.socket?.end(),
      because: /closed the connection before its answer/,
    },
    {
      it: 'a reset in the middle',
      script: (query) => {
        query.socket?.write(framed(truth(query)).subarray(0, 20), () => query.socket?.resetAndDestroy());
        return undefined;
      },
      because: /ECONNRESET|closed the connection/,
    },
    {
      it: 'an end in the middle',
      script: (query) => void query.socket?.end(framed(truth(query)).subarray(0, 20)),
      because: /closed the connection/,
    },
    { it: 'an empty message', script: () => Buffer.alloc(0), because: /another question over TCP/ },
    {
      it: 'another id',
      script: (query) => answerTo(query, { ...lie, id: query.id ^ 1 }),
      because: /another question over TCP/,
    },
    {
      it: 'another question',
      script: (query) => answerTo(query, { ...lie, section: wireName('b') }),
      because: /another question over TCP/,
    },
    {
      it: 'an answer that says it is cut short',
      script: (query) => answerTo(query, { isTruncated: true }),
      because: /cut its answer short/,
    },
    {
      it: '64 KiB of zeros',
      script: (query) => Buffer.concat([query.message.subarray(0, 2), Buffer.alloc(65_533)]),
      because: /another question/,
    },
    {
      it: 'garbage behind a true header',
      script: (query) => Buffer.concat([changed(answerTo(query), 7, 1), Buffer.alloc(60_000, 0xff)]),
      because: /cut short/,
    },
    { it: 'SERVFAIL', script: (query) => answerTo(query, { rcode: 2 }), because: /answered SERVFAIL/ },
  ];
  for (const { it: what, script, because } of cases) {
    it(what, async () => {
      const server = await fake(overTcp(script));
      assert.match(causeOf(await client([server.address]).resolve('a.example', 'TXT')), because);
      const second = await fake(truth);
      const dns = client([server.address, second.address]);
      assert.deepEqual(await dns.resolve('a.example', 'TXT'), found, 'the next server is asked');
    });
  }

  const slow: readonly { it: string; script: Script }[] = [
    { it: 'silence', script: () => undefined },
    { it: 'half an answer', script: (query) => write(query, framed(truth(query)).subarray(0, 20)) },
    { it: 'a length and no more', script: (query) => write(query, Buffer.from([0xff, 0xff])) },
    {
      it: 'one octet every 5 ms',
      script: (query) => {
        let sent = 0;
        const all = framed(Buffer.concat([truth(query), Buffer.alloc(1000)]));
        const drip = setInterval(() => query.socket?.write(all.subarray(sent, (sent += 1))), 5);
        query.socket?.once('close', () => clearInterval(drip));
        return undefined;
      },
    },
  ];
  for (const { it: what, script } of slow) {
    it(`${what} ends with the time for the try`, async () => {
      const server = await fake(overTcp(script));
      const dns = client([server.address], { timeout: 500, attempts: 1 });
      assert.deepEqual(await dns.resolve('a.example', 'TXT'), { kind: 'timeout' });
      assert.equal(server.queries.length, 2);
    });
  }

  it('nothing listens', async () => {
    const udp = createSocket('udp4');
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
    udp.on('message', (message, { port }) => {
      udp.send(changed(changed(message, 2, 0x82), 11, 0).subarray(0, -11), port, '127.0.0.1');
    });
    const answer = await client([`127.0.0.1:${udp.address().port}`]).resolve('a.example', 'TXT');
    udp.close();
    assert.match(causeOf(answer), /failed over TCP: .*ECONNREFUSED/);
  });

  it('an answer octet by octet, in time', async () => {
    const server = await fake(
      overTcp((query) => {
        void (async () => {
          for (const octet of framed(truth(query))) {
            query.socket?.write(Buffer.from([octet]));
            await sleep(0);
          }
        })();
        return undefined;
      }),
    );
    assert.deepEqual(await client([server.address], inTime).resolve('a.example', 'TXT'), found);
  });

  it('an answer with something behind it', async () => {
    const server = await fake(
      overTcp((query) => write(query, Buffer.concat([framed(truth(query)), Buffer.alloc(100_000)]))),
    );
    assert.deepEqual(await client([server.address], inTime).resolve('a.example', 'TXT'), found);
  });

  it('400 texts', async () => {
    const texts = Array.from({ length: 400 }, (_, n) => `${n}${'x'.repeat(100)}`);
    const server = await fake(
      overTcp((query) => answerTo(query, { answers: texts.map((one) => text(one)) })),
    );
    const answer = await client([server.address], inTime).resolve('a.example', 'TXT');
    assert.deepEqual(answer, { kind: 'records', records: texts });
  });

  it('a text of 64 KiB', async () => {
    const data = Buffer.alloc(65_280, 0xff);
    for (let at = 0; at < data.length; at += 256) data[at] = 255;
    const server = await fake(overTcp((query) => answerTo(query, { answers: [record('TXT', data)] })));
    const answer = await client([server.address], inTime).resolve('a.example', 'TXT');
    assert.deepEqual(answer, { kind: 'records', records: ['\xff'.repeat(65_025)] });
  });
});
