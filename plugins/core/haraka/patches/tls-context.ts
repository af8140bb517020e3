import { createSecureContext, type SecureContext, type SecureVersion } from 'node:tls';
import type { Plugin, TlsOptions } from '../types.ts';

/** What the policy asks of every handshake. */
export interface HandshakePolicy {
  readonly minVersion: SecureVersion;
  readonly ciphers: string;
}

type TlsSocketModule = ReturnType<typeof tlsSocketOf>;

/**
 * Holds every listener to the policy, whatever `tls.ini` says: Haraka rebuilds its contexts when that file
 * changes, ignores parts of it, and gives clients that send SNI a private context of its own.
 */
export function enforceHandshakePolicy(plugin: Plugin, policy: HandshakePolicy): void {
  const tlsSocket = tlsSocketOf(plugin);
  const apply = () => {
    applyPolicy(tlsSocket, policy);
    for (const listener of plugin.haraka_require('server').listeners) {
      const options = tlsSocket.certsByHost['*'];
      if (listener.has_tls && options) (listener.tlsServer ?? listener).setSecureContext?.(options);
    }
  };
  const load = tlsSocket.load_tls_ini.bind(tlsSocket);
  tlsSocket.load_tls_ini = (options) => {
    if (options?.role === 'client') return load(options);
    const before = { ...tlsSocket.certsByHost['*'] };
    try {
      const loaded = load(options);
      apply();
      return loaded;
    } catch (error) {
      // Haraka would end the process here, with all sessions.
      plugin.logcrit(`TLS goes on with the last good key and policy: ${String(error)}`);
      Object.assign(tlsSocket.certsByHost['*'] ?? {}, before);
      return tlsSocket.cfg;
    }
  };
  apply();
}

/** The key and certificate that Haraka found for the default host; each may be missing. */
export function defaultKeyPairs(plugin: Plugin): KeyPair[] {
  const { key, cert, passphrase } = tlsSocketOf(plugin).certsByHost['*'] ?? {};
  const certs = listOf(cert);
  return listOf(key).map((each, index) => ({ key: each, cert: certs[index], passphrase }));
}

export interface KeyPair {
  readonly key: Buffer | undefined;
  readonly cert: Buffer | undefined;
  /** Of an encrypted key. */
  readonly passphrase: string | undefined;
}

/** Loads `tls.ini` and the files that it names, as Haraka does when it starts to listen. */
export function loadTlsIni(plugin: Plugin): void {
  tlsSocketOf(plugin).load_tls_ini();
}

function applyPolicy(tlsSocket: TlsSocketModule, policy: HandshakePolicy): void {
  const options = tlsSocket.certsByHost['*'];
  if (!options) return;
  options.minVersion = stricter(options.minVersion, policy.minVersion);
  options.ciphers = policy.ciphers;
  const fallback = createSecureContext(contextOptions(options));
  options.secureContext = fallback;
  // The folder config/tls brings certificates for other names; those contexts are built on first use.
  const contexts = new WeakMap<object, SecureContext>();
  options.SNICallback = (name, done) => {
    try {
      done(null, contextFor(tlsSocket.certsByHost[name], contexts, policy) ?? fallback);
    } catch (error) {
      done(error as Error);
    }
  };
}

function contextFor(
  options: TlsOptions | undefined,
  contexts: WeakMap<object, SecureContext>,
  policy: HandshakePolicy,
): SecureContext | undefined {
  if (typeof options !== 'object' || !options.key || !options.cert) return undefined;
  // Haraka puts a renewed certificate into the same options.
  const known = contexts.get(options.cert);
  if (known) return known;
  const minVersion = stricter(options.minVersion, policy.minVersion);
  const context = createSecureContext(contextOptions({ ...options, minVersion, ciphers: policy.ciphers }));
  contexts.set(options.cert, context);
  return context;
}

/** Haraka keeps socket options in the same object; the callback among them would be called as the context's own. */
function contextOptions(options: TlsOptions): Record<string, unknown> {
  const { SNICallback: _callback, secureContext: _context, dhparam, ...rest } = options;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  // Until Haraka has made the file of parameters, this is its name or empty.
  const usable = Buffer.isBuffer(dhparam) && dhparam.length > 0;
  return { ...Object.fromEntries(given), ...(usable && { dhparam }) };
}

function stricter(configured: string | undefined, required: SecureVersion): SecureVersion {
  return configured === 'TLSv1.3' ? 'TLSv1.3' : required;
}

function tlsSocketOf(plugin: Plugin) {
  return plugin.haraka_require('tls_socket');
}

function listOf<T>(value: readonly T[] | T | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
