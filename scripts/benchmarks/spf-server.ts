import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readQuestion, writeAnswer } from '../demo/dns-wire.ts';
import { lookupIn } from '../demo/dns-zone.ts';
import { answer } from './process.ts';
import { zoneOfShapes } from './spf-shapes.ts';

/** How many questions there were since it was asked before. */
export interface CountAnswer {
  readonly queries: number;
}

/** What it says when it is ready. */
export interface ServerGreeting {
  readonly port: number;
}

const options = { ttl: 60, negativeTtl: 60, limit: 1232 };
const lookup = lookupIn(zoneOfShapes());

/**
 * A DNS server in a process of its own, so that its work is not ours. Whoever waits for it waits for its work too: what
 * was answered before is not put together again, but for the id.
 */
async function serve(): Promise<void> {
  const socket = createSocket('udp4');
  const answers = new Map<string, Buffer>();
  let queries = 0;
  socket.on('message', (query, { port, address }) => {
    queries += 1;
    const key = query.toString('latin1', 2);
    const message = answers.get(key) ?? answerTo(query);
    answers.set(key, message);
    query.copy(message, 0, 0, 2);
    socket.send(message, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const count = (): Promise<CountAnswer> => {
    const counted = { queries };
    queries = 0;
    return Promise.resolve(counted);
  };
  answer({ port: socket.address().port } satisfies ServerGreeting, count);
}

function answerTo(query: Buffer): Buffer {
  const question = readQuestion(query);
  if (question === undefined) throw new Error('no question');
  return writeAnswer(question, lookup(question.name, question.type, true), options);
}

await serve();
