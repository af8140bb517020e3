import type { SocketGuard } from '../socket-guard.ts';
import type { TlsFault } from './rule.ts';

/** A connection to a server that mail is handed to, as the guard uses it. */
export interface TlsWire {
  /** The server has no TLS that could be good: whether it is given up for that, and the next one tried. */
  readonly lacksTls: (fault: TlsFault) => boolean;
  /** It has TLS, and does not offer REQUIRETLS there: whether it is given up. */
  readonly lacksRequiretls: () => boolean;
}

export interface TlsGuardOptions {
  /** Whether nothing is said in clear. */
  readonly isStrict: boolean;
  /** Whether REQUIRETLS is said with MAIL, where the server offers it (RFC 8689 §4.2.1). */
  readonly asksRequiretls: boolean;
}

/** Commands that are said in clear. */
const before: ReadonlySet<string> = new Set(['EHLO', 'LHLO', 'HELO', 'STARTTLS', 'QUIT']);

/** Stands between Haraka and a server: nothing of a message is said before the TLS that it needs is there. */
export class TlsGuard implements SocketGuard {
  readonly #wire: TlsWire;
  readonly #options: TlsGuardOptions;
  #state: 'clear' | 'upgrading' | 'secured' | 'open' | 'failed' = 'clear';
  #command = '';
  /** Keywords of the reply to the last EHLO. */
  #offered = new Set<string>();

  constructor(wire: TlsWire, options: TlsGuardOptions) {
    this.#wire = wire;
    this.#options = options;
  }

  get demandsTls(): boolean {
    return this.#options.isStrict;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  say(text: string): 'goes' | 'held' | { readonly instead: string } {
    if (this.#state === 'open') return 'goes';
    if (this.#state === 'failed') return 'held';
    const [command = ''] = /^\w+/.exec(text.toUpperCase()) ?? [];
    if (this.#state === 'secured') return this.#saySecured(command, text);
    if (this.#state !== 'clear' || !before.has(command)) {
      const why = 'Haraka does not begin TLS (outbound.ini or tls.ini keeps it from it)';
      return this.#isGivenUp({ type: 'starttls-not-supported', why }) ? 'held' : 'goes';
    }
    this.#begin(command);
    return 'goes';
  }

  hear(line: string): string | undefined {
    if (this.#state === 'open') return line;
    if (this.#state === 'failed') return undefined;
    if (this.#command === 'EHLO' || this.#command === 'LHLO') this.#note(line);
    const fault = this.#state === 'secured' ? undefined : this.#faultIn(line);
    return fault && this.#isGivenUp(fault) ? undefined : line;
  }

  upgrading(): void {
    if (this.#state === 'clear') this.#state = 'upgrading';
  }

  /** The handshake ends, with a certificate that is not what is demanded. */
  giveUp(): void {
    this.#state = 'failed';
  }

  secured(): void {
    if (this.#state === 'upgrading') this.#state = this.#options.asksRequiretls ? 'secured' : 'open';
  }

  broken(why: string): void {
    if (this.#state === 'upgrading')
      this.#isGivenUp({ type: 'validation-failure', why: `TLS fails: ${why}` });
  }

  #begin(command: string): void {
    this.#command = command;
    if (command === 'EHLO' || command === 'LHLO') this.#offered = new Set();
  }

  #saySecured(command: string, text: string): 'goes' | 'held' | { readonly instead: string } {
    this.#begin(command);
    if (command !== 'MAIL') return 'goes';
    if (this.#offered.has('REQUIRETLS')) {
      this.#state = 'open';
      return { instead: text.replace(/\r?\n$/, ' REQUIRETLS\r\n') };
    }
    this.#state = 'failed';
    if (this.#wire.lacksRequiretls()) return 'held';
    this.#state = 'open';
    return 'goes';
  }

  #note(line: string): void {
    const [, keyword] = /^250[ -](\S+)/.exec(line) ?? [];
    if (keyword !== undefined) this.#offered.add(keyword.toUpperCase());
  }

  #faultIn(line: string): TlsFault | undefined {
    // By whoever is in between (RFC 3207 §6).
    if (this.#state === 'upgrading')
      return { type: 'validation-failure', why: 'says something in clear where TLS begins' };
    if (this.#command === 'STARTTLS') {
      if (line.startsWith('220')) return undefined;
      return { type: 'starttls-not-supported', why: `refuses STARTTLS: ${line.trim()}` };
    }
    if (this.#command !== 'EHLO' && this.#command !== 'LHLO') return undefined;
    const isLast = /^\d{3}(?: |\s*$)/.test(line);
    return isLast && !this.#offered.has('STARTTLS')
      ? { type: 'starttls-not-supported', why: 'offers no STARTTLS' }
      : undefined;
  }

  /** Where it is not, the guard has nothing left to do. */
  #isGivenUp(fault: TlsFault): boolean {
    // What ends the connection is heard here as its loss.
    this.#state = 'failed';
    const isOver = this.#wire.lacksTls(fault);
    if (!isOver) this.#state = 'open';
    return isOver;
  }
}
