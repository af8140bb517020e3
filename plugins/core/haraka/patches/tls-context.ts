import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureVersion } from 'node:tls';
import { messageOf } from '../../message-of.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { throwAwayTls } from '../throw-away.ts';
import type { ClientSocket, Plugin, TlsIni, TlsOptions } from '../types.ts';
import { readDefaultPairs, type DefaultPairs } from './certificate-files.ts';

/** What the policy asks of every handshake. */
export interface HandshakePolicy {
  readonly minVersion: SecureVersion;
  readonly ciphers: string;
}

type TlsSocketModule = ReturnType<typeof moduleOf>;

/** What was made under a policy. */
interface InForce {
  readonly policy: HandshakePolicy;
  readonly context: SecureContext;
  /** Of the certificates that config/tls brings for other names, built on first use. */
  readonly byCertificate: WeakMap<object, SecureContext>;
}

let inForce: InForce | undefined;

/** What speaks against a tls.ini. */
let problemsOfIni: (ini: TlsIni) => readonly string[] = () => [];

/** Node.js makes some for each context until there are any. */
let ticketKeys: Buffer | undefined;

/**
 * Holds every listener to the policy, whatever `tls.ini` says: Haraka rebuilds its contexts when that file
 * changes, ignores parts of it, and gives clients that send SNI a private context of its own.
 */
export const tlsContext = definePatch({
  name: 'tls-context',
  reaches:
    '`certsByHost` and `load_tls_ini` of `tls_socket.js`, the contexts of the listeners, and `upgrade` of `connection.client`',
  why: 'Haraka builds a context for each STARTTLS (haraka/Haraka#1787) and ignores parts of tls.ini (haraka/Haraka#3370).',
  install: (plugin) => {
    const tlsSocket = moduleOf(plugin);
    expect('certsByHost', typeof (tlsSocket.certsByHost as unknown) === 'object');
    return replaceMethod(tlsSocket, 'load_tls_ini', (load) => (options) => {
      if (!inForce) return load(options);
      if (options?.role === 'client') return loadForClients(tlsSocket, () => load(options));
      return loadUnderPolicy(plugin, inForce.policy, () => load(options));
    });
  },
  selfTest(plugin) {
    // What keeps a policy from being put in force stops the start by itself.
    if (!inForce) return;
    const options = moduleOf(plugin).certsByHost['*'] ?? {};
    const taken = readWhile(options, () => throwAwayTls(plugin, 2587));
    for (const name of ['secureContext', 'SNICallback', 'minVersion', 'ciphers', 'requestCert']) {
      expect(`STARTTLS to take ${name} from certsByHost`, taken.has(name));
    }
  },
});

/**
 * Throws when a policy cannot be kept with the key and certificate that Haraka has now. What it returns puts the policy in
 * the place of the one before, for handshakes from now on.
 */
export function prepareHandshakePolicy(plugin: Plugin, policy: HandshakePolicy): () => void {
  try {
    defaultContext(moduleOf(plugin), policy);
  } catch (error) {
    throw new Error(
      `tls: the key and certificate of tls.ini do not go with this policy: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  return () => {
    try {
      enforceHandshakePolicy(plugin, policy);
    } catch (error) {
      // The files of tls.ini were read again meanwhile. It may not be thrown: other plugins have the new settings by now.
      plugin.logcrit(`TLS goes on with the last good policy: ${messageOf(error)}`);
    }
  };
}

/**
 * Has tickets of TLS sessions encrypted with these keys from now on: those of before lead to a full handshake. Again with the same
 * keys it undoes what Node.js gives to a listener of a cluster, those of another worker.
 */
export function applyTicketKeys(plugin: Plugin, keys: Buffer): void {
  ticketKeys = keys;
  if (inForce) enforceHandshakePolicy(plugin, inForce.policy);
}

/** Serves with other keys and certificates from now on. Throws, and leaves those before in place, where the policy cannot be kept. */
export function replaceDefaultPairs(plugin: Plugin, pairs: DefaultPairs): void {
  const options = moduleOf(plugin).certsByHost['*'];
  if (!options || !inForce) throw new Error('tls.ini has not been loaded');
  const { key, cert } = options;
  try {
    Object.assign(options, pairs);
    enforceHandshakePolicy(plugin, inForce.policy);
  } catch (error) {
    Object.assign(options, { key, cert });
    throw error;
  }
}

/** Throws, and leaves the policy before in force, when this one cannot be kept with this key. */
function enforceHandshakePolicy(plugin: Plugin, policy: HandshakePolicy): void {
  const tlsSocket = moduleOf(plugin);
  const { options, policed, context } = defaultContext(tlsSocket, policy);
  inForce = { policy, context, byCertificate: new WeakMap() };
  Object.assign(options, policed, { secureContext: context, SNICallback: answerSni(tlsSocket) });
  for (const listener of plugin.haraka_require('server').listeners) {
    if (listener.has_tls) (listener.tlsServer ?? listener).setSecureContext?.(options);
  }
}

function defaultContext(tlsSocket: TlsSocketModule, policy: HandshakePolicy) {
  const options = tlsSocket.certsByHost['*'];
  if (!options) throw new Error('tls.ini has not been loaded');
  const policed = underPolicy(tlsSocket, '*', policy);
  return { options, policed, context: createSecureContext(contextOptions(policed)) };
}

/**
 * Has STARTTLS ask this client for a certificate, or not, whatever tls.ini says: by itself Haraka asks everybody, and some mail
 * programs then have their user choose. Whoever has none, or a bad one, goes on without: what a certificate is good for,
 * others decide.
 */
export function askForCertificate(plugin: Plugin, client: ClientSocket, isWanted: boolean): void {
  const upgrade = client.upgrade?.bind(client);
  if (!upgrade) return;
  client.upgrade = (done) => {
    const options = moduleOf(plugin).certsByHost['*'];
    if (!options || isRefusing(options)) {
      upgrade(done);
      return;
    }
    const { requestCert, rejectUnauthorized } = options;
    Object.assign(options, { requestCert: isWanted, rejectUnauthorized: false });
    try {
      upgrade(done);
    } finally {
      Object.assign(options, { requestCert, rejectUnauthorized });
    }
  };
}

/** The same for listeners where TLS comes first, by their ports; from the next handshake on. */
export function askFromTheStart(plugin: Plugin, isWanted: (port: number) => boolean): void {
  const options = moduleOf(plugin).certsByHost['*'];
  if (!options || isRefusing(options)) return;
  for (const listener of plugin.haraka_require('server').listeners) {
    const address = listener.address();
    if (!listener.has_tls || address === null || typeof address === 'string') continue;
    const asked = { requestCert: isWanted(address.port), rejectUnauthorized: false };
    // Node.js reads both for each connection.
    Object.assign(listener.tlsServer ?? listener, asked);
  }
}

/** Where tls.ini turns away who shows no certificate, that was meant. */
function isRefusing({ requestCert, rejectUnauthorized }: TlsOptions): boolean {
  return requestCert === true && rejectUnauthorized === true;
}

/** The keys and certificates in use for the default host; each may be missing. */
export function defaultKeyPairs(plugin: Plugin): KeyPair[] {
  const { key, cert, passphrase } = moduleOf(plugin).certsByHost['*'] ?? {};
  return keyPairsOf({ key: listOf(key), cert: listOf(cert) }, passphrase);
}

/** Keys with the certificates that stand at the same places. */
export function keyPairsOf({ key, cert }: DefaultPairs, passphrase: string | undefined): KeyPair[] {
  return key.map((each, index) => ({ key: each, cert: cert[index], passphrase }));
}

export interface KeyPair {
  readonly key: Buffer | undefined;
  readonly cert: Buffer | undefined;
  /** Of an encrypted key. */
  readonly passphrase: string | undefined;
}

/** Loads `tls.ini` and the files that it names, as Haraka does when it starts to listen. */
export function loadTlsIni(plugin: Plugin): void {
  moduleOf(plugin).load_tls_ini();
}

/** Leaves the last good tls.ini in place of one that something speaks against. */
export function refuseTlsIni(problems: (ini: TlsIni) => readonly string[]): void {
  problemsOfIni = problems;
}

/** tls.ini as it is in force; absent until somebody has read it. */
export function tlsIni(plugin: Plugin): TlsIni | undefined {
  return moduleOf(plugin).cfg;
}

/** Has another one in force, where the file cannot be. */
export function replaceTlsIni(plugin: Plugin, ini: TlsIni): void {
  moduleOf(plugin).cfg = ini;
}

/** Haraka would end the process, with all sessions, on what cannot be loaded. */
function loadUnderPolicy(plugin: Plugin, policy: HandshakePolicy, load: () => unknown): unknown {
  const tlsSocket = moduleOf(plugin);
  const [options, ini] = [{ ...tlsSocket.certsByHost['*'] }, tlsSocket.cfg];
  try {
    const loaded = load();
    const problems = problemsOfIni(tlsSocket.cfg ?? {});
    if (problems.length > 0) throw new Error(problems.join('; '));
    // Haraka has them from a cache that does not see every change.
    Object.assign(tlsSocket.certsByHost['*'] ?? {}, readDefaultPairs(plugin));
    enforceHandshakePolicy(plugin, policy);
    return loaded;
  } catch (error) {
    plugin.logcrit(`TLS goes on with the last good key and policy: ${messageOf(error)}`);
    restore(tlsSocket.certsByHost['*'] ?? {}, options);
    if (ini) tlsSocket.cfg = ini;
    return tlsSocket.cfg;
  }
}

function restore(options: TlsOptions, before: TlsOptions): void {
  for (const name of Object.keys(options)) if (!(name in before)) Reflect.deleteProperty(options, name);
  Object.assign(options, before);
}

/** What connects to other servers reads the file, too: what it reads is not in force for listeners because of that. */
function loadForClients(tlsSocket: TlsSocketModule, load: () => unknown): unknown {
  const before = tlsSocket.cfg;
  const loaded = load();
  if (before && problemsOfIni(tlsSocket.cfg ?? {}).length > 0) tlsSocket.cfg = before;
  return loaded;
}

/** A listener keeps the function that it began with, so it looks up what is in force when it is called. */
function answerSni(tlsSocket: TlsSocketModule): TlsOptions['SNICallback'] {
  return (name, done) => {
    try {
      done(null, (inForce && contextFor(tlsSocket, name, inForce)) ?? inForce?.context);
    } catch (error) {
      done(error as Error);
    }
  };
}

function contextFor(
  tlsSocket: TlsSocketModule,
  name: string,
  { policy, byCertificate }: InForce,
): SecureContext | undefined {
  const options = tlsSocket.certsByHost[name];
  if (typeof options !== 'object' || !options.key || !options.cert) return undefined;
  // Haraka puts a renewed certificate into the same options.
  const known = byCertificate.get(options.cert);
  if (known) return known;
  const context = createSecureContext(contextOptions(underPolicy(tlsSocket, name, policy)));
  byCertificate.set(options.cert, context);
  return context;
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

/** The names of the options that are read while `work` runs. */
function readWhile(options: TlsOptions, work: () => void): Set<string> {
  const taken = new Set<string>();
  const before = Object.getOwnPropertyDescriptors(options);
  for (const [name, value] of Object.entries(options)) {
    const get = () => {
      taken.add(name);
      return value;
    };
    Object.defineProperty(options, name, { get, enumerable: true, configurable: true });
  }
  try {
    work();
  } finally {
    Object.defineProperties(options, before);
  }
  return taken;
}

function moduleOf(plugin: Plugin) {
  return plugin.haraka_require('tls_socket');
}

function listOf<T>(value: readonly T[] | T | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
