import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureVersion } from 'node:tls';
import type { HostModules, TlsOptions } from './types.ts';

/** What a policy asks of handshakes. */
export interface HandshakePolicy {
  readonly minVersion: SecureVersion;
  readonly ciphers: string;
}

type TlsSocketModule = Pick<HostModules['tls_socket'], 'certsByHost' | 'cfg'>;

/** What was made under a policy: contexts are expensive, and so kept for all connections. */
export interface Variant {
  readonly policed: TlsOptions;
  readonly context: SecureContext;
  /** That of a name for which config/tls has a certificate, built on first use. */
  readonly contextFor: (name: string) => SecureContext | undefined;
}

/** Throws where a policy cannot be kept with the key and certificate that Haraka has now. */
export function makeVariant(
  tlsSocket: TlsSocketModule,
  policy: HandshakePolicy,
  ticketKeys: Buffer | undefined,
): Variant {
  const byCertificate = new WeakMap<object, SecureContext>();
  const optionsFor = (name: string) => underPolicy(tlsSocket, name, policy, ticketKeys);
  const contextFor = (name: string) => {
    const options = tlsSocket.certsByHost[name];
    if (typeof options !== 'object' || !options.key || !options.cert) return undefined;
    // Haraka puts a renewed certificate into the same options.
    const known = byCertificate.get(options.cert);
    if (known) return known;
    const context = createSecureContext(contextOptions(optionsFor(name)));
    byCertificate.set(options.cert, context);
    return context;
  };
  const policed = optionsFor('*');
  return { policed, context: createSecureContext(contextOptions(policed)), contextFor };
}

/**
 * The first three would undo a policy; a tls.ini that has them is refused, but a worker may have to begin with it. Without the last a
 * session of a client with a certificate could not be resumed.
 */
const neverOfIni = {
  maxVersion: undefined,
  secureProtocol: undefined,
  // RFC 9325 §3.5: a client that begins handshakes again and again costs us more than itself.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  sessionIdContext: 'haraka',
} as const;

/** The options of a host, held to a policy. What tls.ini asks for is read there: in the options may stand an earlier policy. */
function underPolicy(
  { certsByHost, cfg }: TlsSocketModule,
  name: string,
  policy: HandshakePolicy,
  ticketKeys: Buffer | undefined,
): TlsOptions {
  const configured = cfg?.[name]?.minVersion ?? cfg?.['main']?.minVersion;
  const minVersion = configured === 'TLSv1.3' ? 'TLSv1.3' : policy.minVersion;
  return {
    ...{ ...certsByHost[name], ...neverOfIni, minVersion, ciphers: policy.ciphers },
    ...(ticketKeys && { ticketKeys }),
  };
}

/** Haraka keeps socket options in the same object; the callback among them would be called as the context's own. */
function contextOptions(options: TlsOptions): Record<string, unknown> {
  const { SNICallback: _callback, secureContext: _context, dhparam, ...rest } = options;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  // Until Haraka has made the file of parameters, this is its name or empty.
  const usable = Buffer.isBuffer(dhparam) && dhparam.length > 0;
  return { ...Object.fromEntries(given), ...(usable && { dhparam }) };
}
