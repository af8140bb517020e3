import { failureOf, readBearer } from './bearer.ts';
import type { ExchangeSession, Mechanism, Step } from './step.ts';

/** XOAUTH2, from before RFC 7628, as Google and Microsoft describe it: some clients know no other form. */
export const xoauth2: Mechanism = {
  name: 'XOAUTH2',
  isOffered: ({ tokens }) => tokens !== undefined,
  question: '',
  answer: readMessage,
};

/** `user=NAME ^A auth=Bearer TOKEN ^A ^A` */
function readMessage(bytes: Buffer, { tokens }: ExchangeSession): Step {
  return readBearer(bytes, ({ head, token }) => {
    const named = /^user=([^\0]+)$/u.exec(head)?.[1];
    if (named === undefined) return undefined;
    const failure = failureOf({ status: '401', schemes: 'bearer', scope: tokens?.scope });
    return { kind: 'token', bearer: { token, named, failure } };
  });
}
