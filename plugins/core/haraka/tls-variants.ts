import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureVersion } from 'node:tls';
import type { HostModules, TlsOptions } from './types.ts';

/** What a policy asks of handshakes. */
export interface HandshakePolicy {
  readonly minVersion: SecureVersion;
  readonly ciphers: string;
}

/** Octets of the name for which sessions are resumed (SSL_MAX_SID_CTX_LENGTH). */
const mostOfContext = 32;

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

/** They would undo a policy; a tls.ini that has them is refused, but a worker may have to begin with it. */
const neverOfIni = {
  maxVersion: undefined,
  secureProtocol: undefined,
  // RFC 9325 §3.5: a client that begins handshakes again and again costs us more than itself.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
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
  const held = { minVersion, ciphers: policy.ciphers };
  return {
    ...{ ...certsByHost[name], ...neverOfIni, ...held, sessionIdContext: sessionsOf(held) },
    ...(ticketKeys && { ticketKeys }),
  };
}

/**
 * All listeners have the same keys for tickets, and OpenSSL resumes a session whose suite it would not choose now: sessions are for
 * the policy that they began under. Where clients are asked for certificates, none is resumed without such a name.
 */
function sessionsOf({ minVersion, ciphers }: HandshakePolicy): string {
  return createHash('sha256').update(`${minVersion} ${ciphers}`).digest('base64url').slice(0, mostOfContext);
}

/** Haraka keeps socket options in the same object; the callback among them would be called as the context's own. */
function contextOptions(options: TlsOptions): Record<string, unknown> {
  const { SNICallback: _callback, secureContext: _context, dhparam, ...rest } = options;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  // Until Haraka has made the file of parameters, this is its name or empty.
  const usable = Buffer.isBuffer(dhparam) && dhparam.length > 0;
  return { ...Object.fromEntries(given), ...(usable && { dhparam }) };
}
