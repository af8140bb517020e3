import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate that one of ours has signed, with what it needs to sign others. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says; extensions as openssl writes them, one a line. */
export interface Wanted {
  readonly name: string;
  readonly extensions?: readonly string[];
  /** Absent: it signs itself. */
  readonly by?: Issued;
  /** Less than nothing: it is over. */
  readonly days?: number;
  /** Arguments of openssl for another key than that of an elliptic curve. */
  readonly key?: readonly string[];
  readonly digest?: string;
}

/** What a list of revoked certificates says of itself. */
export interface Listed {
  readonly days?: number;
  readonly since?: Date;
  readonly extensions?: readonly string[];
}

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];

/** Extensions of an authority. */
export const authority = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];

/** Extensions of the certificate of a server. */
export function serverOf(...names: readonly string[]): readonly string[] {
  return [
    'basicConstraints=critical,CA:FALSE',
    'extendedKeyUsage=serverAuth',
    `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`,
  ];
}

/** Makes certificates in a folder of its own. */
export class Mint {
  readonly #folder = mkdtempSync(join(tmpdir(), 'gatekeeper-mint-'));
  #serial = 0;

  make({ name, extensions = [], by, days = 2, key: ofKey = curve, digest = 'sha256' }: Wanted): Issued {
    this.#serial += 1;
    const [key, config, cert, caKey, ca] = ['key', 'cnf', 'pem', 'ca.key', 'ca'].map((end) =>
      join(this.#folder, `${this.#serial}.${end}`),
    ) as [string, string, string, string, string];
    // Else that of the machine adds extensions of its own.
    writeFileSync(config, ['[req]', 'distinguished_name=dn', '[dn]', '[ext]', ...extensions, ''].join('\n'));
    if (by) {
      writeFileSync(caKey, by.key);
      writeFileSync(ca, by.cert);
    }
    const what = [
      '-days',
      String(Math.max(days, 1)),
      '-set_serial',
      String(this.#serial),
      `-${digest}`,
      '-subj',
      `/CN=${name}`,
    ];
    const files = ['-config', config, '-extensions', 'ext', '-keyout', key, '-out', cert];
    const signer = by ? ['-CA', ca, '-CAkey', caKey] : [];
    const first = days < 1 ? [] : signer;
    execFileSync('openssl', ['req', '-x509', ...ofKey, '-nodes', ...what, ...files, ...first], {
      stdio: 'pipe',
    });
    if (days < 1) {
      // Only who signs anew may do so for a time that is over.
      const again = signer.length > 0 ? signer : ['-signkey', key];
      const over = ['-in', cert, '-out', cert, '-days', String(days), '-set_serial', String(this.#serial)];
      execFileSync('openssl', ['x509', ...over, ...again, `-${digest}`], { stdio: 'pipe' });
    }
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }

  /** The list of an authority of what it has revoked, in PEM; it counts for so many days from `since` on. */
  revocations(
    by: Issued,
    revoked: readonly Issued[],
    { days = 1, since = new Date(), extensions = [] }: Listed = {},
  ): string {
    this.#serial += 1;
    const base = join(this.#folder, String(this.#serial));
    const index = revoked.map(({ cert }) => {
      const { serialNumber, validTo } = new X509Certificate(cert);
      return ['R', timeOf(new Date(validTo)), timeOf(since), serialNumber, 'unknown', '/CN=x'].join('\t');
    });
    writeFileSync(`${base}.index`, index.map((line) => `${line}\n`).join(''));
    const config = ['[ca]', 'default_ca=it', '[it]', `database=${base}.index`, 'default_md=sha256'];
    const listed = extensions.length > 0 ? ['crl_extensions=ext', '[ext]', ...extensions] : [];
    writeFileSync(`${base}.cnf`, [...config, ...listed, ''].join('\n'));
    writeFileSync(`${base}.key`, by.key);
    writeFileSync(`${base}.ca`, by.cert);
    const until = new Date(since.getTime() + days * 86_400_000);
    const times = ['-crl_lastupdate', timeOf(since), '-crl_nextupdate', timeOf(until)];
    const files = ['-config', `${base}.cnf`, '-keyfile', `${base}.key`, '-cert', `${base}.ca`];
    const args = ['ca', '-gencrl', ...files, ...times, '-out', `${base}.crl`];
    execFileSync('openssl', args, { stdio: 'pipe' });
    return readFileSync(`${base}.crl`, 'utf8');
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** As openssl takes it: YYMMDDHHMMSSZ. */
function timeOf(date: Date): string {
  return `${date
    .toISOString()
    .replace(/[-:T]|\.\d+Z$/g, '')
    .slice(2)}Z`;
}
