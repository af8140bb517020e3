import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Account, ScramVerifier, Unproven, Verification } from '../../core/directory/directory.ts';
import { decodeBase64 } from '../base64.ts';
import { plainName, saslName } from './gs2.ts';
import { challenge, refusal, textOf, type ExchangeSession, type Mechanism, type Step } from './step.ts';

/** SCRAM-SHA-256 (RFC 5802, RFC 7677). */
export const scram: Mechanism = {
  name: 'SCRAM-SHA-256',
  isOffered: (session) => session.scram,
  question: '',
  answer: (response, session) => readFirst(response, session, false),
};

/** The same, bound to the TLS connection by `tls-exporter` (RFC 9266). */
export const scramPlus: Mechanism = {
  name: 'SCRAM-SHA-256-PLUS',
  isOffered: (session) => session.scram && session.binding !== undefined,
  question: '',
  answer: (response, session) => readFirst(response, session, true),
};

/** What the client began with. */
interface First {
  /** RFC 5802 §5.1: what binds the exchange to the connection, as the client must repeat it. */
  readonly binding: Buffer;
  readonly login: string;
  readonly isForeign: boolean;
  readonly bare: string;
  readonly nonce: string;
}

/** RFC 5802 §7 bounds no nonce; none is longer than a few dozen octets. */
const nonce = '[\\x21-\\x2b\\x2d-\\x7e]{1,256}';
const nonceOfTwo = nonce.replace('256', '512');
const extensions = '(?:,[A-Za-ln-z]=[^,\\0]+)*';
/** RFC 5802 §7: gs2-header, then client-first-message-bare. `m=` would be an extension that must be understood. */
const clientFirst = new RegExp(
  `^((p=[A-Za-z0-9.-]+|[ny]),(?:a=(${saslName}))?,)(n=(${saslName}),r=(${nonce})${extensions})$`,
  'u',
);
const clientFinal = new RegExp(
  `^(c=([A-Za-z0-9+/=]+),r=(${nonceOfTwo})${extensions}),p=([A-Za-z0-9+/=]+)$`,
  'u',
);

function readFirst(response: Buffer, session: ExchangeSession, isPlus: boolean): Step {
  const match = clientFirst.exec(textOf(response) ?? '');
  if (!match) return refusal('auth-syntax');
  const [, header = '', flag = '', authzid, bare = '', name = '', nonceOfClient = ''] = match;
  const login = plainName(name);
  if (!isBoundAsOffered(flag, session, isPlus)) {
    return notBound(login);
  }
  const first: First = {
    binding: Buffer.concat([
      Buffer.from(header, 'utf8'),
      ...(isPlus && session.binding ? [session.binding] : []),
    ]),
    login,
    isForeign: authzid !== undefined && plainName(authzid) !== login,
    bare,
    nonce: nonceOfClient + session.nonce(),
  };
  return { kind: 'lookup', login, resume: (found) => sendFirst(first, found) };
}

function notBound(login: string): Step {
  return {
    kind: 'proof',
    login,
    judge: () => ({ kind: 'refused', cause: 'channel-binding' }),
    proven: () => refusal('auth-syntax'),
  };
}

/** RFC 5802 §6: `y` says that we offered no -PLUS. Where we did, somebody in between took it away. */
function isBoundAsOffered(flag: string, session: ExchangeSession, isPlus: boolean): boolean {
  if (isPlus) return flag === 'p=tls-exporter';
  return flag === 'n' || (flag === 'y' && session.binding === undefined);
}

function sendFirst(first: First, found: Unproven): Step {
  const { iterations, salt } = found.verifier;
  const serverFirst = `r=${first.nonce},s=${salt.toString('base64')},i=${iterations}`;
  return challenge(serverFirst, (response) => readFinal(first, found, serverFirst, response));
}

interface Final {
  readonly binding: Buffer;
  readonly nonce: string;
  readonly proof: Buffer;
  /** What the proof signs. */
  readonly message: string;
}

function readFinal(first: First, found: Unproven, serverFirst: string, response: Buffer): Step {
  const final = parseFinal(first, serverFirst, response);
  if (!final) return refusal('auth-syntax');
  return {
    kind: 'proof',
    login: first.login,
    judge: () => judge(first, found, final),
    proven: (account) => sendFinal(first.login, account, signature(found.verifier.serverKey, final.message)),
  };
}

/** RFC 4954 §4 has no place for it in the 235: the client answers with an empty line first. */
function sendFinal(login: string, account: Account, signed: Buffer): Step {
  return challenge(`v=${signed.toString('base64')}`, (end) => {
    return end.length === 0 ? { kind: 'proven', login, account } : refusal('auth-syntax');
  });
}

function parseFinal({ bare }: First, serverFirst: string, response: Buffer): Final | undefined {
  const [match, withoutProof = '', bound = '', nonceOfBoth = '', proven = ''] =
    clientFinal.exec(textOf(response) ?? '') ?? [];
  const binding = decodeBase64(Buffer.from(bound));
  const proof = decodeBase64(Buffer.from(proven));
  if (match === undefined || !binding || proof?.length !== 32) return undefined;
  return { binding, nonce: nonceOfBoth, proof, message: `${bare},${serverFirst},${withoutProof}` };
}

function judge(first: First, found: Unproven, final: Final): Verification {
  const isProven = isRight(found.verifier, final);
  if (!isSame(final.binding, first.binding)) return { kind: 'refused', cause: 'channel-binding' };
  if (final.nonce !== first.nonce || !isProven) return { kind: 'refused', cause: found.otherwise };
  // RFC 5802 §5.1: to act for another identity needs a right that nobody has.
  return first.isForeign ? { kind: 'refused', cause: 'foreign-authzid' } : found.ifProven;
}

/** RFC 5802 §3: the proof is the client's key, hidden by a signature that only who has the stored key can make. */
function isRight({ storedKey }: ScramVerifier, { message, proof }: Final): boolean {
  const mask = signature(storedKey, message);
  const clientKey = proof.map((octet, index) => octet ^ (mask[index] ?? 0));
  return isSame(createHash('sha256').update(clientKey).digest(), storedKey);
}

function signature(key: Buffer, message: string): Buffer {
  return createHmac('sha256', key).update(message, 'utf8').digest();
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
