import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hostFilesIn, hostPairsIn, type HostPair } from '../../certificate/host-pairs.ts';
import { namedInIni, passphraseIn, servedCertificates, type Served } from '../../certificate/served.ts';
import { messageOf } from '../../message-of.ts';
import { configDirectory } from '../instance.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import type { Plugin } from '../types.ts';

type TlsSocketModule = ReturnType<typeof moduleOf>;

/** A key pair for clients that ask for no name, or for one that has no pair of its own; a file that cannot be read is absent. */
export interface DefaultPairs {
  readonly key: readonly (Buffer | undefined)[];
  readonly cert: readonly (Buffer | undefined)[];
}

/**
 * Reads keys and certificates as they are now. Haraka keeps them in its cache, sees no file that is replaced by a symbolic link to
 * another one, sends no certificate above that of a name, and forgets a name when its new files cannot be used.
 */
export const certificateFiles = definePatch({
  name: 'certificate-files',
  reaches: '`get_certs_dir`, `applySocketOpts` and `certsByHost` of `tls_socket.js`',
  why: 'No hook runs when a certificate is read, and files that have changed are noticed by a touch of tls.ini only.',
  install: (plugin) => {
    const tlsSocket = moduleOf(plugin);
    expect('a method applySocketOpts', typeof (tlsSocket.applySocketOpts as unknown) === 'function');
    return replaceMethod(tlsSocket, 'get_certs_dir', () => () => {
      // What is wrong has stopped the start, or is told when the files are looked at.
      takeHostPairs(plugin);
      return Promise.resolve(tlsSocket.certsByHost);
    });
  },
  selfTest(plugin) {
    const tlsSocket = moduleOf(plugin);
    // As long as nothing was read there is nothing to apply.
    if (!tlsSocket.cfg) return;
    expect('certsByHost', typeof (tlsSocket.certsByHost as unknown) === 'object');
    const name = 'throw-away.invalid';
    tlsSocket.applySocketOpts(name);
    expect('applySocketOpts to fill certsByHost', tlsSocket.certsByHost[name] !== undefined);
    Reflect.deleteProperty(tlsSocket.certsByHost, name);
  },
});

/** The names that have a pair of their own because of us. */
const taken = new Map<string, HostPair>();

/** Has the names of config/tls be served with what its files hold now; gives what cannot be used, where the pair before stays. */
export function takeHostPairs(plugin: Plugin): readonly string[] {
  const tlsSocket = moduleOf(plugin);
  const { pairs, problems } = hostPairsIn(hostFolder(), passphraseIn(tlsSocket.cfg ?? {}));
  for (const pair of pairs) take(tlsSocket, pair);
  const isUsed = new Set(pairs.map(({ name }) => name));
  // While something is wrong, it may be with what a name had.
  for (const name of problems.length > 0 ? [] : [...taken.keys()].filter((each) => !isUsed.has(each))) {
    taken.delete(name);
    Reflect.deleteProperty(tlsSocket.certsByHost, name);
  }
  return problems;
}

function take(tlsSocket: TlsSocketModule, pair: HostPair): void {
  const before = taken.get(pair.name);
  if (before?.cert.equals(pair.cert) && before.key.equals(pair.key)) return;
  taken.set(pair.name, pair);
  tlsSocket.applySocketOpts(pair.name);
  const { dhparam } = tlsSocket.certsByHost['*'] ?? {};
  Object.assign(tlsSocket.certsByHost[pair.name] ?? {}, { cert: pair.cert, key: pair.key, dhparam });
}

/** What is wrong with the files of config/tls. */
export function hostPairProblems(plugin: Plugin): readonly string[] {
  return hostPairsIn(hostFolder(), passphraseIn(moduleOf(plugin).cfg ?? {})).problems;
}

/** What tls.ini names as key and certificate, as it is now. */
export function readDefaultPairs(plugin: Plugin): DefaultPairs {
  const { key, cert } = defaultFiles(plugin);
  return { key: key.map(readOrNothing), cert: cert.map(readOrNothing) };
}

/** Why files of tls.ini cannot be read, at their places in it; nothing for one that can. */
export interface DefaultFaults {
  readonly key: readonly (string | undefined)[];
  readonly cert: readonly (string | undefined)[];
}

export function readFaults(plugin: Plugin): DefaultFaults {
  const { key, cert } = defaultFiles(plugin);
  return { key: key.map(readFault), cert: cert.map(readFault) };
}

/** All files that hold a key or a certificate of a listener. */
export function keyFiles(plugin: Plugin): readonly string[] {
  const { key, cert } = defaultFiles(plugin);
  return [...key, ...cert, ...hostFilesIn(hostFolder())];
}

/** Paths of keys and certificates, in the order of tls.ini. */
function defaultFiles(plugin: Plugin): { readonly key: readonly string[]; readonly cert: readonly string[] } {
  const { key, cert } = namedInIni(moduleOf(plugin).cfg ?? {});
  const pathOf = (name: string) => resolve(configDirectory(), name);
  return { key: key.map(pathOf), cert: cert.map(pathOf) };
}

/** The certificates that clients are shown; none as long as nobody has read tls.ini. */
export function certificatesServed(plugin: Plugin): readonly Served[] {
  const { cfg } = moduleOf(plugin);
  return cfg ? servedCertificates(configDirectory(), cfg) : [];
}

function hostFolder(): string {
  return join(configDirectory(), 'tls');
}

function readOrNothing(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function readFault(path: string): string | undefined {
  try {
    readFileSync(path);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function moduleOf(plugin: Plugin) {
  return plugin.haraka_require('tls_socket');
}
