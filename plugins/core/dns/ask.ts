import { conclude, type Chain, type Conclusion } from './conclude.ts';
import type { Heard } from './heard.ts';
import { isTruncated, isUnreadable, type Question } from './message.ts';
import { inOrder, wasAbsent, wasHeard, wasSilent, type Server } from './servers.ts';
import { askOverTcp } from './tcp.ts';
import type { Task } from './task.ts';

export interface AskOptions {
  readonly servers: readonly Server[];
  /** For one try: a query, its repetition without EDNS, and TCP. */
  readonly timeout: number;
  /** How many tries may end in silence. */
  readonly attempts: number;
  readonly now: () => number;
}

export type Outcome = Conclusion | { readonly kind: 'timeout' };

/**
 * Asks one server after the other until one knows. One that cannot answer is not asked again; one that is silent is,
 * after the others. `deadline` is a time of `performance.now()`.
 */
export async function ask(
  question: Question,
  chain: Chain,
  deadline: number,
  task: Task,
  options: AskOptions,
): Promise<Outcome> {
  const candidates = inOrder(options.servers, options.now());
  const failures: string[] = [];
  let attempts = options.attempts;
  for (let server = candidates.shift(); server !== undefined && attempts > 0; server = candidates.shift()) {
    const left = Math.min(deadline - performance.now(), options.timeout);
    if (task.isOver || left <= 0) break;
    const heard = await tryServer(server, question, left, task);
    const outcome = judge(heard, server, question, chain, options);
    if (outcome.kind === 'timeout') {
      blame(server, left, task, options);
      attempts -= 1;
      candidates.push(server);
    } else if (outcome.kind === 'failure') failures.push(outcome.because);
    else return outcome;
  }
  return failures.length === 0 ? { kind: 'timeout' } : { kind: 'failure', because: failures.join('; ') };
}

/** One server, within the milliseconds: over UDP, without EDNS if it must be, over TCP if the answer is long. */
async function tryServer(
  server: Server,
  question: Question,
  milliseconds: number,
  task: Task,
): Promise<Heard> {
  const end = performance.now() + milliseconds;
  const left = (): number => end - performance.now();
  let isEdns = true;
  let heard = await server.udp.ask(question, isEdns, milliseconds, task);
  if (heard.kind === 'message' && isUnreadable(heard.message)) {
    isEdns = false;
    heard = await server.udp.ask(question, isEdns, left(), task);
  }
  if (heard.kind !== 'message' || !isTruncated(heard.message)) return heard;
  return askOverTcp(server.endpoint, question, isEdns, left(), task);
}

/** A try that the deadline cut short says nothing about the server, nor does one that was called off. */
function blame(server: Server, milliseconds: number, task: Task, { timeout, now }: AskOptions): void {
  if (milliseconds === timeout && !task.isOver) wasSilent(server, now());
}

function judge(heard: Heard, server: Server, question: Question, chain: Chain, { now }: AskOptions): Outcome {
  const about = (because: string): Outcome => ({
    kind: 'failure',
    because: `${server.endpoint.text} ${because}`,
  });
  switch (heard.kind) {
    case 'silence':
      return { kind: 'timeout' };
    case 'refused':
      wasAbsent(server, now());
      return about(`is not there: ${heard.because}`);
    case 'failure':
      wasHeard(server);
      return about(heard.because);
    case 'message': {
      wasHeard(server);
      const conclusion = conclude(heard.message, question, chain);
      return conclusion.kind === 'failure' ? about(conclusion.because) : conclusion;
    }
  }
}
