/** What stands between Haraka and a server, before Haraka has a listener there. */
export interface SocketGuard {
  /** Whether everything goes through from here on. */
  readonly isOpen: boolean;
  /** Whether a server whose TLS fails is none that has no TLS: Haraka would note that, for other mail too. */
  readonly demandsTls: boolean;
  /** What becomes of something that Haraka says: `last` where nothing is said after it. */
  say(text: string): 'goes' | 'held' | 'last' | { readonly instead: string };
  /** What Haraka hears when the server says a line; `undefined` for nothing. */
  hear(line: string): string | undefined;
  /** The handshake begins. */
  upgrading(): void;
  /** It has ended well. */
  secured(): void;
  /** The connection is lost. */
  broken(why: string): void;
}
