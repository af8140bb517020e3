import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A private key and its certificate, PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const dayMs = 24 * 60 * 60 * 1000;

/** Whose a certificate is, which is also the name of its folder. */
const subjects = {
  tls: { name: 'localhost', extension: 'subjectAltName=DNS:localhost,DNS:gw.corp.example,IP:127.0.0.1' },
  app: { name: 'app', extension: 'extendedKeyUsage=clientAuth' },
} as const;

type Subject = keyof typeof subjects;

/** The self-signed certificate of the demo, kept in `dir`/tls; made there unless one lasts another day. */
export function certificateIn(dir: string, subject: Subject = 'tls'): Certificate {
  const home = join(dir, subject);
  const kept = read(home);
  if (kept && Date.parse(new X509Certificate(kept.cert).validTo) > Date.now() + dayMs) return kept;
  mkdirSync(dir, { recursive: true });
  const made = make(dir, subject);
  const fresh = read(made);
  if (kept) rmSync(home, { recursive: true, force: true });
  adopt(made, home);
  const certificate = read(home) ?? fresh;
  if (!certificate) throw new Error('openssl made no certificate');
  return certificate;
}

function make(dir: string, subject: Subject): string {
  const { name, extension } = subjects[subject];
  const home = mkdtempSync(join(dir, `${subject}-`));
  const [key, cert] = [join(home, 'key.pem'), join(home, 'cert.pem')];
  const ofKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key];
  const ofCertificate = ['-out', cert, '-days', '365', '-subj', `/CN=${name}`, '-addext', extension];
  execFileSync('openssl', ['req', '-x509', ...ofKey, ...ofCertificate], { stdio: 'pipe' });
  return home;
}

/** Another process may have been first: then its certificate is as good. */
function adopt(made: string, home: string): void {
  try {
    renameSync(made, home);
  } catch {
    rmSync(made, { recursive: true });
  }
}

function read(home: string): Certificate | undefined {
  try {
    return {
      key: readFileSync(join(home, 'key.pem'), 'utf8'),
      cert: readFileSync(join(home, 'cert.pem'), 'utf8'),
    };
  } catch {
    return undefined;
  }
}
