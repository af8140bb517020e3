import { LoginExchange, offeredIn, type Step } from './exchange.ts';
import type { SocketGuard } from '../socket-guard.ts';
import type { SmartHost } from './types.ts';

/** A connection to a smart host, as the guard uses it. */
export interface Wire {
  /** Says a line to the server, of which the log shows another. */
  readonly say: (line: string, shown: string) => void;
  /** Has Haraka hear a line. */
  readonly tell: (line: string) => void;
  /** Lets out what was held. */
  readonly release: () => void;
  readonly log: (line: string) => void;
  readonly isVerified: () => boolean;
  readonly close: () => void;
  /** Tells the operator why mail waits. */
  readonly complain: (why: string) => void;
}

type Passage = ReturnType<SocketGuard['say']>;

type State = 'before' | 'upgrading' | 'login' | 'open' | 'failed';

/**
 * Stands between Haraka and a smart host. Nothing of a message is said before TLS is verified and the login accepted, and
 * what the server refuses until then is our fault, not the sender's: Haraka hears of trouble that may pass.
 */
export class ConnectionGuard implements SocketGuard {
  readonly #host: SmartHost;
  readonly #wire: Wire;
  #state: State = 'before';
  /** The last command that was no part of a message, and what the server has said to it. */
  #command = '';
  #heard: string[] = [];
  #exchange: LoginExchange | undefined;

  constructor(host: SmartHost, wire: Wire) {
    this.#host = host;
    this.#wire = wire;
  }

  get demandsTls(): boolean {
    return this.#host.verify;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  say(text: string): Passage {
    if (this.#state === 'open') return 'goes';
    const [command = ''] = /^\w+/.exec(text.toUpperCase()) ?? [];
    if (command === 'QUIT') return this.#leave();
    if (this.#state !== 'before') return 'held';
    if (!['EHLO', 'LHLO', 'HELO', 'STARTTLS'].includes(command)) return this.#begin();
    this.#command = command;
    this.#heard = [];
    return 'goes';
  }

  /** What Haraka hears when the server says a line; `undefined` for nothing. */
  hear(line: string): string | undefined {
    switch (this.#state) {
      case 'open':
        // RFC 4954 §6: authentication required, which no sender can do anything about.
        return /^530[ -]/.test(line) ? this.#temporary(line) : line;
      case 'before':
        this.#heard.push(line);
        return this.#milder(line);
      case 'login':
        this.#answer(line);
        return undefined;
      case 'upgrading':
        // By whoever is in between (RFC 3207 §6).
        this.#wire.complain('says something in clear where TLS begins');
        this.#wire.close();
        return undefined;
      case 'failed':
        return undefined;
    }
  }

  /** The handshake begins. */
  upgrading(): void {
    this.#state = 'upgrading';
  }

  /** It has ended well. */
  secured(): void {
    if (this.#state === 'upgrading') this.#state = 'before';
  }

  /** The connection is lost. */
  broken(why: string): void {
    if (this.#state === 'upgrading') this.#wire.complain(`TLS fails: ${why}`);
  }

  #begin(): Passage {
    const { verify, credentials } = this.#host;
    if (verify && !this.#wire.isVerified()) return this.#failLater('TLS is not verified');
    if (!credentials) {
      this.#state = 'open';
      return 'goes';
    }
    this.#state = 'login';
    this.#exchange = new LoginExchange(credentials);
    const step = this.#exchange.begin(offeredIn(this.#heard));
    if (step.kind === 'failed') return this.#failLater(step.why);
    this.#take(step);
    return 'held';
  }

  #answer(line: string): void {
    this.#wire.log(`S: ${this.#exchange?.withoutSecrets(line.trim()) ?? ''}`);
    const step = this.#exchange?.hear(line);
    if (step) this.#take(step);
  }

  #take(step: Step): void {
    if (step.kind === 'say') {
      this.#wire.say(step.line, step.shown);
    } else if (step.kind === 'accepted') {
      this.#state = 'open';
      this.#wire.release();
    } else {
      // RFC 4954 §4: else the next command would be taken for a part of the exchange.
      if (this.#exchange?.isOpen) this.#wire.say('*', '*');
      this.#fail(step.why);
    }
  }

  /** Haraka is still about to note which command it says. */
  #failLater(why: string): Passage {
    this.#state = 'failed';
    queueMicrotask(() => {
      this.#fail(why);
    });
    return 'held';
  }

  #fail(why: string): void {
    this.#state = 'failed';
    this.#wire.complain(why);
    this.#wire.tell(`454 4.7.0 smart host ${this.#host.name}: ${why}\r\n`);
  }

  #leave(): Passage {
    const isSaid = this.#state === 'failed' || this.#command !== 'EHLO' || !this.#host.verify;
    if (!isSaid && !this.#wire.isVerified()) {
      this.#wire.complain('offers no STARTTLS (or outbound.ini has enable_tls=false)');
    }
    this.#state = 'failed';
    return 'last';
  }

  /** A refusal before any message is one of this gateway. Haraka itself goes on with HELO where EHLO is unknown. */
  #milder(line: string): string {
    if (!/^[2-5]\d\d[ -]/.test(line)) {
      return this.#temporary(`500 ${JSON.stringify(line.trim())} is no reply\r\n`);
    }
    const isForHaraka = !line.startsWith('5') || (this.#command === 'EHLO' && !this.#host.verify);
    return isForHaraka ? line : this.#temporary(line);
  }

  #temporary(line: string): string {
    this.#wire.complain(`says ${line.trim()}`);
    return line.replace(
      /^5(\d\d[ -])(?:5(\.\d{1,3}\.))?/,
      (_all, code: string, status = '') => `4${code}${status === '' ? '' : `4${String(status)}`}`,
    );
  }
}
