import { type AuthContestantName, authContestants } from './auth-contestants.ts';
import type { AuthTask, Kind } from './auth-scene.ts';
import { answer } from './process.ts';

export interface ContestRequest {
  readonly task: AuthTask;
  readonly kind: Kind;
  readonly crowd: number;
  readonly milliseconds: number;
}

export interface ContestAnswer {
  readonly logins: number;
  readonly seconds: number;
}

const { contest } = authContestants[process.argv[2] as AuthContestantName];

answer('ready', async (request) => {
  const { task, kind, crowd, milliseconds } = request as ContestRequest;
  const logins = await contest(task, kind, crowd, milliseconds);
  return { logins, seconds: milliseconds / 1000 } satisfies ContestAnswer;
});
