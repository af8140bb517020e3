import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const hash = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/** A verifier of a password, as a directory stores it. */
export function storedVerifier(password: string, salt = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const storedKey = hash(hmac(salted, 'Client Key')).toString('base64');
  const serverKey = hmac(salted, 'Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

export interface ScramOptions {
  readonly login: string;
  readonly password: string;
  readonly nonce?: string;
  /** What stands before the bare message: `n,,` by default. */
  readonly header?: string;
  /** Channel binding data. */
  readonly binding?: Buffer;
}

/** A client of SCRAM-SHA-256 (RFC 5802), written from the RFC; all messages in base64. */
export class ScramClient {
  readonly #options: ScramOptions;
  readonly #bare: string;
  #serverSignature = '';

  constructor(options: ScramOptions) {
    this.#options = options;
    const name = options.login.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#bare = `n=${name},r=${options.nonce ?? randomBytes(12).toString('base64')}`;
  }

  first(): string {
    return encode(`${this.#options.header ?? 'n,,'}${this.#bare}`);
  }

  /** The answer to the server's first message; `change` spoils it before it is signed. */
  final(challenge: string, change: (withoutProof: string) => string = (text) => text): string {
    const serverFirst = decode(challenge);
    const [, nonce = '', salt = '', iterations = ''] =
      /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? [];
    const { password, header = 'n,,', binding = Buffer.alloc(0) } = this.#options;
    const bound = Buffer.concat([Buffer.from(header), binding]).toString('base64');
    const withoutProof = change(`c=${bound},r=${nonce}`);
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
    const key = hmac(salted, 'Client Key');
    const message = `${this.#bare},${serverFirst},${withoutProof}`;
    const mask = hmac(hash(key), message);
    const proof = Buffer.from(key.map((octet, index) => octet ^ (mask[index] ?? 0))).toString('base64');
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), message).toString('base64');
    return encode(`${withoutProof},p=${proof}`);
  }

  /** Whether the server has proven itself, too. */
  trusts(challenge: string): boolean {
    return decode(challenge) === `v=${this.#serverSignature}`;
  }
}

export function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

export function decode(text: string): string {
  return Buffer.from(text, 'base64').toString();
}
