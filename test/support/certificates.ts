import { execFileSync } from 'node:child_process';
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
      String(days),
      '-set_serial',
      String(this.#serial),
      `-${digest}`,
      '-subj',
      `/CN=${name}`,
    ];
    const files = ['-config', config, '-extensions', 'ext', '-keyout', key, '-out', cert];
    const signer = by ? ['-CA', ca, '-CAkey', caKey] : [];
    execFileSync('openssl', ['req', '-x509', ...ofKey, '-nodes', ...what, ...files, ...signer], {
      stdio: 'pipe',
    });
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
