import { Secret } from '../../core/secret.ts';
import { challenge, refusal, textOf, type Mechanism, type Step } from './step.ts';

/** LOGIN (draft-murchison-sasl-login), for clients that know nothing else; they look for just these two texts. */
export const login: Mechanism = {
  name: 'LOGIN',
  isOffered: () => true,
  question: Buffer.from('Username:').toString('base64'),
  answer: readName,
};

function readName(bytes: Buffer): Step {
  const name = textOf(bytes);
  if (name === undefined) return refusal('auth-syntax');
  return challenge('Password:', (password) => ({
    kind: 'credentials',
    credentials: { authzid: '', login: name, password: new Secret(password) },
  }));
}
