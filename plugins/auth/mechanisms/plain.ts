import { Secret } from '../../core/secret.ts';
import { refusal, textOf, type Mechanism, type Step } from './step.ts';

/** PLAIN (RFC 4616). */
export const plain: Mechanism = {
  name: 'PLAIN',
  isOffered: () => true,
  question: '',
  answer: readPlain,
};

/** RFC 4616 §2: [authzid] NUL authcid NUL passwd. */
function readPlain(bytes: Buffer): Step {
  const first = bytes.indexOf(0);
  const second = bytes.indexOf(0, first + 1);
  const isThreeFields = first !== -1 && second !== -1 && bytes.indexOf(0, second + 1) === -1;
  const authzid = isThreeFields ? textOf(bytes.subarray(0, first)) : undefined;
  const login = isThreeFields ? textOf(bytes.subarray(first + 1, second)) : undefined;
  if (authzid === undefined || login === undefined) {
    bytes.fill(0);
    return refusal('auth-syntax');
  }
  const password = new Secret(bytes.subarray(second + 1));
  return { kind: 'credentials', credentials: { authzid, login, password } };
}
