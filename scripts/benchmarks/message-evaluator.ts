import { author, messageContestants, type MessageContestantName } from './message-contestants.ts';
import { answer } from './process.ts';

export interface ReadingRequest {
  readonly milliseconds: number;
}

/** Microseconds of CPU time for one header. */
export interface ReadingAnswer {
  readonly microseconds: number;
}

const [name = ''] = process.argv.slice(2);
const read = await messageContestants[name as MessageContestantName].start();

/** Some at a time: to look at the clock takes as long as to read a header. */
const batch = 20;

async function readAsAsked({ milliseconds }: ReadingRequest): Promise<ReadingAnswer> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  let done = 0;
  while (performance.now() - start < milliseconds) {
    for (let count = 0; count < batch; count += 1) await demandAuthor();
    done += batch;
  }
  const { user, system } = process.cpuUsage(before);
  return { microseconds: (user + system) / done };
}

async function demandAuthor(): Promise<void> {
  const found = await read();
  if (found !== author) throw new Error(`${name} found ${found}`);
}

answer('ready', (request) => readAsAsked(request as ReadingRequest));
