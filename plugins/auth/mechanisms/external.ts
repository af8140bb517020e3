import { refusal, textOf, type Mechanism, type Step } from './step.ts';

/** EXTERNAL (RFC 4422 appendix A): the certificate that the client has shown in the handshake. */
export const external: Mechanism = {
  name: 'EXTERNAL',
  isOffered: ({ certificate }) => certificate,
  question: '',
  answer: readIdentity,
};

/** RFC 4422 §A.1: the authorization identity, in UTF-8 and without NUL, or nothing. */
function readIdentity(bytes: Buffer): Step {
  const authzid = textOf(bytes);
  if (authzid === undefined || authzid.includes('\0')) return refusal('auth-syntax');
  return { kind: 'certificate', authzid };
}
