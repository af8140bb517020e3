import type { Credentials } from './types.ts';

/** What a login has to do next: say a line, of which the log shows another, or end. */
export type Step =
  | { readonly kind: 'say'; readonly line: string; readonly shown: string }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'failed'; readonly why: string };

/** Mechanisms of AUTH that a reply to EHLO offers, in upper case (RFC 4954 §3). */
export function offeredIn(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    // Old servers also say AUTH=LOGIN.
    const [, list = ''] = /^250[ -]AUTH[ =](.*)$/i.exec(line.trim()) ?? [];
    return list.toUpperCase().split(/ +/).filter(Boolean);
  });
}

/**
 * A login by PLAIN (RFC 4616), or by LOGIN where that is not offered, as a client: pure but for its own state. CRAM-MD5 would not
 * spare the server the password in clear, and proves no more over TLS that is verified.
 */
export class LoginExchange {
  readonly #credentials: Credentials;
  /** What is still to be said, in base64, and how the log shows it. */
  readonly #answers: { readonly line: string; readonly shown: string }[] = [];
  /** Whether the server may still challenge us, and waits for a line then. */
  #isOpen = false;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  begin(offered: readonly string[]): Step {
    const { user, password } = this.#credentials;
    const plain = password.reveal((bytes) => base64(Buffer.concat([Buffer.from(`\0${user}\0`), bytes])));
    if (offered.includes('PLAIN')) {
      return { kind: 'say', line: `AUTH PLAIN ${plain}`, shown: 'AUTH PLAIN [secret]' };
    }
    if (offered.includes('LOGIN')) {
      this.#answers.push(
        { line: base64(Buffer.from(user)), shown: '[user]' },
        { line: password.reveal(base64), shown: '[secret]' },
      );
      return { kind: 'say', line: 'AUTH LOGIN', shown: 'AUTH LOGIN' };
    }
    const instead = offered.length === 0 ? 'offers no AUTH' : `offers AUTH ${offered.join(' ')} only`;
    return { kind: 'failed', why: `${instead}: a login takes PLAIN or LOGIN` };
  }

  /** What follows from a line of the server; `undefined` while more of the same reply is to come. */
  hear(line: string): Step | undefined {
    const [, code = '', mark = ''] = /^(\d{3})([ -]?)/.exec(line) ?? [];
    if (mark === '-') return undefined;
    if (code === '235') return { kind: 'accepted' };
    const answer = code === '334' ? this.#answers.shift() : undefined;
    this.#isOpen = code === '334';
    if (answer) return { kind: 'say', ...answer };
    const said = this.withoutSecrets(line.trim());
    if (code === '334') return { kind: 'failed', why: 'asks for more than the mechanism has' };
    const what = code.startsWith('5') ? 'refuses the credentials of' : 'does not take the login of';
    return { kind: 'failed', why: `${what} ${this.#credentials.user}: ${said}` };
  }

  /** Whether the server waits for a line of the exchange still, and would take a command for that. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A reply as it may be shown: some servers repeat what they have heard. */
  withoutSecrets(line: string): string {
    const { user, password } = this.#credentials;
    const isTold = password.reveal((bytes) =>
      [bytes, Buffer.concat([Buffer.from(`\0${user}\0`), bytes])].some(
        (each) => line.includes(each.toString()) || line.includes(base64(each).replace(/=+$/, '')),
      ),
    );
    return isTold ? `${line.slice(0, 3)} (what it says repeats the password)` : line;
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64');
}
