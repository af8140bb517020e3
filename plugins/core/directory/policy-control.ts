import { octets, ProtocolError, Reader, tags, tlv, type Chunks } from './ber.ts';
import type { Refusal } from './directory.ts';

/** draft-behera-ldap-password-policy-10 §6: the same name asks and answers. */
export const policyControl = '1.3.6.1.4.1.42.2.27.8.5.1';

/** Asks what the policy says of an account. Not critical (RFC 4511 §4.1.11): a server that has no policies ignores it. */
export const policyRequest: Chunks = tlv(tags.sequence, octets(policyControl));

/** draft-behera-ldap-password-policy-10 §6.2. The others are about a new password, which no bind brings. */
const causes: Readonly<Record<number, Refusal>> = {
  0: 'password-expired',
  1: 'account-locked',
  2: 'password-must-change',
};

/** Why the policy lets an account not log in; `undefined` when it has no objection. A warning is none. */
export function readPolicyResponse(value: Buffer): Refusal | undefined {
  const outer = new Reader(value);
  const error = outer.inside(tags.sequence, (response) => {
    const warning = 0xa0;
    if (response.nextTag === warning) response.inside(warning, skipWarning);
    return response.nextTag === 0x81 ? response.number(0x81) : undefined;
  });
  outer.end();
  if (error === undefined) return undefined;
  return causes[error] ?? fail(`the password policy's error ${error} to a bind`);
}

/** Time until the password expires, or logins that are left after that. */
function skipWarning(warning: Reader): void {
  warning.number(warning.nextTag === 0x80 ? 0x80 : 0x81);
}

function fail(problem: string): never {
  throw new ProtocolError(problem);
}
