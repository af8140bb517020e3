import { failureOf, readBearer } from './bearer.ts';
import { plainName, saslName } from './gs2.ts';
import type { ExchangeSession, Mechanism, Step } from './step.ts';

/** OAUTHBEARER (RFC 7628): a token in place of a password. */
export const oauthbearer: Mechanism = {
  name: 'OAUTHBEARER',
  isOffered: ({ tokens }) => tokens !== undefined,
  question: '',
  answer: readMessage,
};

/** RFC 5801 §4: gs2-header. RFC 7628 §3.1: nothing is bound to a channel. */
const gs2Header = new RegExp(`^[ny],(?:a=(${saslName}))?,$`, 'u');

function readMessage(bytes: Buffer, { tokens }: ExchangeSession): Step {
  return readBearer(bytes, ({ head, token }) => {
    const header = gs2Header.exec(head);
    if (!header) return undefined;
    const [, name] = header;
    return {
      kind: 'token',
      bearer: {
        token,
        named: name === undefined ? undefined : plainName(name),
        // RFC 7628 §3.2.2. One status for all: what is wrong with an account is not for the client to know.
        failure: failureOf({
          status: 'invalid_token',
          scope: tokens?.scope === '' ? undefined : tokens?.scope,
          'openid-configuration': tokens?.configuration,
        }),
      },
    };
  });
}
