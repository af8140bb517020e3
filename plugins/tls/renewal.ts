import { looksOf, looksSame, type Looks } from '../core/file-looks.ts';
import {
  certificatesServed,
  keyFiles,
  readDefaultPairs,
  readFaults,
  takeHostPairs,
} from '../core/haraka/patches/certificate-files.ts';
import {
  defaultKeyPairs,
  keyPairsOf,
  replaceDefaultPairs,
  type KeyPair,
} from '../core/haraka/patches/tls-context.ts';
import type { Plugin } from '../core/haraka/types.ts';
import { messageOf } from '../core/message-of.ts';
import { keyPairProblems } from './key-pairs.ts';
import { logValidity } from './validity.ts';

/** A change must stay for one more look: key and certificate are replaced one after the other. */
const lookEveryMs = 1000;

/**
 * Serves with renewed keys and certificates, in this process, within seconds of their being there: written, renamed to, or at the end
 * of another symbolic link. What cannot be used leaves those before in place, and is told.
 */
export function followRenewals(plugin: Plugin): void {
  // Nobody knows how they looked when Haraka read them: they are read again at first.
  let [known, last]: [Looks, Looks] = [new Map(), looksOf(keyFiles(plugin))];
  const look = () => {
    const now = looksOf(keyFiles(plugin));
    if (!looksSame(now, known) && looksSame(now, last)) {
      known = now;
      readAgain(plugin);
    }
    last = now;
  };
  setInterval(look, lookEveryMs).unref();
}

function readAgain(plugin: Plugin): void {
  for (const problem of [...renewDefault(plugin), ...takeHostPairs(plugin)]) {
    plugin.logcrit(`TLS goes on with the last good certificate: ${problem}`);
  }
}

function renewDefault(plugin: Plugin): readonly string[] {
  const now = readDefaultPairs(plugin);
  const pairs = keyPairsOf(now, defaultKeyPairs(plugin)[0]?.passphrase);
  if (isSame(pairs, defaultKeyPairs(plugin))) return [];
  const problems = keyPairProblems(pairs, readFaults(plugin));
  if (problems.length > 0) return problems;
  try {
    replaceDefaultPairs(plugin, now);
  } catch (error) {
    return [messageOf(error)];
  }
  plugin.lognotice('TLS: a new key and certificate are in use');
  for (const served of certificatesServed(plugin)) logValidity(plugin, served, new Date());
  return [];
}

function isSame(now: readonly KeyPair[], then: readonly KeyPair[]): boolean {
  return (
    now.length === then.length &&
    now.every(({ key, cert }, index) => equals(key, then[index]?.key) && equals(cert, then[index]?.cert))
  );
}

function equals(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one !== undefined && other !== undefined && one.equals(other);
}
