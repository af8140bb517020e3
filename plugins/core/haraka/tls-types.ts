import type { AddressInfo, Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';

/** Options of Haraka's TLS context for one host name, `*` being the default. */
export interface TlsOptions {
  key?: readonly (Buffer | undefined)[] | Buffer;
  cert?: readonly (Buffer | undefined)[] | Buffer;
  minVersion?: string;
  ciphers?: string;
  passphrase?: string;
  secureContext?: SecureContext;
  SNICallback?: (name: string, done: (error: Error | null, context?: SecureContext) => void) => void;
  [option: string]: unknown;
}

/** tls.ini as Haraka reads it; a section may be that of a name that clients ask for. */
export type TlsIni = Readonly<Record<string, TlsIniSection | undefined>>;

export interface TlsIniSection {
  readonly key?: string | readonly string[];
  readonly cert?: string | readonly string[];
  readonly minVersion?: string;
  readonly passphrase?: string | number;
  readonly [key: string]: unknown;
}

/** An SMTP listener; `has_tls` marks implicit TLS. */
export interface Listener {
  readonly has_tls?: boolean;
  setSecureContext?(options: TlsOptions): void;
  address(): AddressInfo | string | null;
  readonly tlsServer?: { setSecureContext(options: TlsOptions): void };
  on?(event: 'connection', hear: (socket: Socket) => void): unknown;
  on?(event: 'tlsClientError', hear: (fault: Error, socket: TLSSocket) => void): unknown;
}
