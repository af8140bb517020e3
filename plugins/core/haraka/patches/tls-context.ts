import { messageOf } from '../../message-of.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { makeVariant, type HandshakePolicy, type Variant } from '../tls-variants.ts';
import { throwAwayTls } from '../throw-away.ts';
import type { ClientSocket, Listener, Plugin, TlsIni, TlsOptions } from '../types.ts';
import { readDefaultPairs, type DefaultPairs } from './certificate-files.ts';

/** Which policy holds where, as of now, and where a client is asked for a certificate. */
export interface Handshakes {
  /** `address` is that of the client; without it, TLS begins before anybody knows it. */
  readonly at: (port: number, address?: string) => HandshakePolicy;
  /** All that may come up: each is tried before they are put in force. */
  readonly all: readonly HandshakePolicy[];
  readonly isCertificateWanted: (port: number, address?: string) => boolean;
}

type TlsSocketModule = ReturnType<typeof moduleOf>;

interface InForce {
  readonly handshakes: Handshakes;
  /** By what they ask. */
  readonly variants: Map<string, Variant>;
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
    '`certsByHost`, `load_tls_ini` and `getSocketOpts` of `tls_socket.js`, the contexts of the listeners, and `upgrade` of `connection.client`',
  why: 'Haraka builds a context for each STARTTLS (haraka/Haraka#1787) and ignores parts of tls.ini (haraka/Haraka#3370).',
  install: (plugin) => {
    const tlsSocket = moduleOf(plugin);
    expect('certsByHost', typeof (tlsSocket.certsByHost as unknown) === 'object');
    const undo = replaceMethod(tlsSocket, 'load_tls_ini', (load) => (options) => {
      if (!inForce) return load(options);
      if (options?.role === 'client') return loadForClients(tlsSocket, () => load(options));
      return loadUnderPolicy(plugin, inForce.handshakes, () => load(options));
    });
    const undoImplicit = replaceMethod(tlsSocket, 'getSocketOpts', (get) => async (name) => {
      const options = await get.call(tlsSocket, name);
      // A copy: what Haraka changes in it for this listener would be so for all.
      return { ...options, ...(inForce && implicitOptions(tlsSocket, inForce, implicitPort(plugin))) };
    });
    return () => {
      undoImplicit();
      undo();
    };
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
 * Throws when a policy cannot be kept with the key and certificate that Haraka has now. What it returns puts these policies in
 * the place of those before, for handshakes from now on.
 */
export function prepareHandshakes(plugin: Plugin, handshakes: Handshakes): () => void {
  try {
    variantsFor(moduleOf(plugin), handshakes);
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
      enforceHandshakes(plugin, handshakes);
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
  if (inForce) enforceHandshakes(plugin, inForce.handshakes);
}

/** Serves with other keys and certificates from now on. Throws, and leaves those before in place, where the policy cannot be kept. */
export function replaceDefaultPairs(plugin: Plugin, pairs: DefaultPairs): void {
  const options = moduleOf(plugin).certsByHost['*'];
  if (!options || !inForce) throw new Error('tls.ini has not been loaded');
  const { key, cert } = options;
  try {
    Object.assign(options, pairs);
    enforceHandshakes(plugin, inForce.handshakes);
  } catch (error) {
    Object.assign(options, { key, cert });
    throw error;
  }
}

/** Throws, and leaves the policies before in force, when these cannot be kept with this key. */
function enforceHandshakes(plugin: Plugin, handshakes: Handshakes): void {
  const tlsSocket = moduleOf(plugin);
  const made: InForce = { handshakes, variants: variantsFor(tlsSocket, handshakes) };
  // Of whoever is on no listener that entries name; STARTTLS has its own, and TLS from the start as well.
  const { policed, context } = variantOf(tlsSocket, made, handshakes.at(0));
  inForce = made;
  const { '*': options } = tlsSocket.certsByHost;
  Object.assign(options ?? {}, policed, { secureContext: context, SNICallback: answerSni(tlsSocket) });
  holdImplicitListeners(plugin);
}

/** What listeners with TLS from the start were held to last: a context anew would forget the sessions of the one before. */
const held = new WeakMap<object, Variant>();

/** Holds listeners with TLS from the start to what holds now: exceptions expire while they stand. */
export function holdImplicitListeners(plugin: Plugin): void {
  const { listeners } = plugin.haraka_require('server');
  for (const listener of listeners) if (listener.has_tls && inForce) holdListener(plugin, listener, inForce);
}

function holdListener(plugin: Plugin, listener: Listener, now: InForce): void {
  const tlsSocket = moduleOf(plugin);
  const port = implicitPort(plugin);
  const server = listener.tlsServer ?? listener;
  const variant = variantOf(tlsSocket, now, now.handshakes.at(port));
  if (held.get(server) !== variant) server.setSecureContext?.(variant.policed);
  held.set(server, variant);
  Object.assign(server, asking(now.handshakes.isCertificateWanted(port)));
}

/** The port of Haraka's that begins with TLS. */
export function implicitPort(plugin: Plugin): number {
  const { main } = plugin.config.get('smtp.ini') as { main: { smtps_port?: number | string } };
  return Number(main.smtps_port ?? 465);
}

function implicitOptions(tlsSocket: TlsSocketModule, now: InForce, port: number): TlsOptions {
  const { handshakes } = now;
  const { policed, context } = variantOf(tlsSocket, now, handshakes.at(port));
  const SNICallback = answerSni(tlsSocket);
  return {
    ...policed,
    secureContext: context,
    SNICallback,
    ...asking(handshakes.isCertificateWanted(port)),
  };
}

/**
 * Without tls.ini Haraka asks everybody. Whoever has no certificate, or a bad one, goes on without: what it is good for, others
 * decide.
 */
function asking(isWanted: boolean): Partial<TlsOptions> {
  return { requestCert: isWanted, rejectUnauthorized: false };
}

/** Throws where one of them cannot be kept. */
function variantsFor(tlsSocket: TlsSocketModule, handshakes: Handshakes): Map<string, Variant> {
  if (!tlsSocket.certsByHost['*']) throw new Error('tls.ini has not been loaded');
  const made = { handshakes, variants: new Map<string, Variant>() };
  for (const policy of [handshakes.at(0), ...handshakes.all]) variantOf(tlsSocket, made, policy);
  return made.variants;
}

function variantOf(tlsSocket: TlsSocketModule, { variants }: InForce, policy: HandshakePolicy): Variant {
  const key = `${policy.minVersion} ${policy.ciphers}`;
  const known = variants.get(key);
  if (known) return known;
  const made = makeVariant(tlsSocket, policy, ticketKeys);
  variants.set(key, made);
  return made;
}

/** Has STARTTLS on a port have, for this client alone, what holds for its address there. */
export function prepareStartTls(plugin: Plugin, client: ClientSocket, port: number, address: string): void {
  const upgrade = client.upgrade?.bind(client);
  if (!upgrade || !inForce) return;
  const tlsSocket = moduleOf(plugin);
  const { handshakes } = inForce;
  const variant = variantOf(tlsSocket, inForce, handshakes.at(port, address));
  const isWanted = handshakes.isCertificateWanted(port, address);
  client.upgrade = (done) => {
    const options = tlsSocket.certsByHost['*'];
    if (!options) {
      upgrade(done);
      return;
    }
    const SNICallback: TlsOptions['SNICallback'] = (name, give) => answerName(name, variant, give);
    const { minVersion, ciphers } = variant.policed;
    const { context: secureContext } = variant;
    const own = { secureContext, SNICallback, minVersion, ciphers, ...asking(isWanted) };
    withOptions(options, own, () => upgrade(done));
  };
}

function withOptions(options: TlsOptions, own: Readonly<Record<string, unknown>>, work: () => void): void {
  const before = Object.fromEntries(Object.keys(own).map((name) => [name, options[name]]));
  Object.assign(options, own);
  try {
    work();
  } finally {
    Object.assign(options, before);
  }
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
function loadUnderPolicy(plugin: Plugin, handshakes: Handshakes, load: () => unknown): unknown {
  const tlsSocket = moduleOf(plugin);
  const [options, ini] = [{ ...tlsSocket.certsByHost['*'] }, tlsSocket.cfg];
  try {
    const loaded = load();
    const problems = problemsOfIni(tlsSocket.cfg ?? {});
    if (problems.length > 0) throw new Error(problems.join('; '));
    // Haraka has them from a cache that does not see every change.
    Object.assign(tlsSocket.certsByHost['*'] ?? {}, readDefaultPairs(plugin));
    enforceHandshakes(plugin, handshakes);
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

/** A listener keeps the function that it began with, so it looks up what is in force when it is called: as a method of the socket. */
function answerSni(tlsSocket: TlsSocketModule): NonNullable<TlsOptions['SNICallback']> {
  return function (this: unknown, name, done) {
    if (!inForce) {
      done(null);
      return;
    }
    const { localPort = 0 } = (this ?? {}) as { readonly localPort?: number };
    answerName(name, variantOf(tlsSocket, inForce, inForce.handshakes.at(localPort)), done);
  };
}

function answerName(
  name: string,
  variant: Variant,
  done: Parameters<NonNullable<TlsOptions['SNICallback']>>[1],
): void {
  try {
    done(null, variant.contextFor(name) ?? variant.context);
  } catch (error) {
    done(error as Error);
  }
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
