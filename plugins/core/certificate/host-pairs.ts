import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, parse, relative } from 'node:path';
import { messageOf } from '../message-of.ts';
import { mismatchOf } from './key.ts';

/** A certificate with its key, for one name that clients may ask for (SNI). */
export interface HostPair {
  readonly name: string;
  /** Where the certificate is, below the folder. */
  readonly file: string;
  /** With those above it, as the file has them. */
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface HostPairs {
  readonly pairs: readonly HostPair[];
  /** What cannot be used, one line each. */
  readonly problems: readonly string[];
}

interface Part {
  readonly file: string;
  readonly names: readonly string[];
  readonly key?: string | undefined;
  readonly cert?: string | undefined;
}

/**
 * The certificates that Haraka finds in `config/tls`: for the names in them, where one of the files has the key. A file without
 * a certificate is for the name that it has itself. Without the folder there are none.
 */
export function hostPairsIn(folder: string, passphraseOf: (name: string) => string | undefined): HostPairs {
  const problems: string[] = [];
  const parts = hostFilesIn(folder).flatMap((path) => {
    try {
      return [partIn(path, relative(folder, path))];
    } catch (error) {
      problems.push(`config/tls/${relative(folder, path)}: ${messageOf(error)}`);
      return [];
    }
  });
  const pairs = [...new Set(parts.flatMap(({ names }) => names))].flatMap((name) => {
    const pair = pairOf(name, parts);
    if (!pair) return [];
    const problem = problemOf(pair, passphraseOf(name));
    if (problem === undefined) return [pair];
    problems.push(`config/tls/${pair.file}: ${problem}`);
    return [];
  });
  return { pairs, problems: [...new Set(problems)] };
}

/** All files in the folder and below it. */
export function hostFilesIn(folder: string, seen = new Set<string>()): string[] {
  const real = ifThere(() => realpathSync(folder));
  if (real === undefined || seen.has(real)) return [];
  seen.add(real);
  const entries = ifThere(() => readdirSync(folder)) ?? [];
  return entries.sort().flatMap((name) => {
    const path = join(folder, name);
    return ifThere(() => statSync(path))?.isDirectory() ? hostFilesIn(path, seen) : [path];
  });
}

/** What is taken away meanwhile is not there. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

const keyForm = /-+BEGIN (?:\w+ )?PRIVATE KEY-+[^-]*-+END (?:\w+ )?PRIVATE KEY-+/;
const certificateForm = /-+BEGIN CERTIFICATE-+[^-]*-+END CERTIFICATE-+/g;

function partIn(path: string, file: string): Part {
  const text = readFileSync(path, 'latin1');
  const key = keyForm.exec(text)?.[0];
  const [leaf, ...above] = text.match(certificateForm) ?? [];
  if (leaf === undefined) return { file, names: [nameFor(parse(path).name)], key };
  const names = namesIn(new X509Certificate(leaf)).map(nameFor);
  return { file, names, key, cert: [leaf, ...above, ''].join('\n') };
}

function namesIn({ subject, subjectAltName }: X509Certificate): string[] {
  const common = /^CN=([^\s,/]+)/m.exec(subject)?.[1];
  const others = [...(subjectAltName ?? '').matchAll(/DNS:([^\s,]+)/g)].flatMap(([, name]) => name ?? []);
  return [...new Set([...(common === undefined ? [] : [common]), ...others])];
}

/** A file cannot be named `*` everywhere. */
function nameFor(name: string): string {
  return name.replace(/^_/, '*');
}

function pairOf(name: string, parts: readonly Part[]): HostPair | undefined {
  const ofName = parts.filter(({ names }) => names.includes(name));
  const key = ofName.find((part) => part.key !== undefined)?.key;
  const part = ofName.find(({ cert }) => cert !== undefined);
  if (key === undefined || part?.cert === undefined) return undefined;
  return { name, file: part.file, cert: Buffer.from(part.cert), key: Buffer.from(key) };
}

function problemOf(pair: HostPair, passphrase: string | undefined): string | undefined {
  try {
    return mismatchOf({ ...pair, passphrase });
  } catch (error) {
    return `the key cannot be read as PEM: ${messageOf(error)}`;
  }
}
