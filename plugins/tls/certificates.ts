import {
  certificateFault,
  isFor,
  type CertificateFault,
  type ClientChain,
  type Trust,
} from '../core/certificate/chain.ts';
import { earlierSession } from '../core/certificate/known-chains.ts';
import { readTrust, trustFiles } from '../core/certificate/trust.ts';
import type { Criterion } from '../core/criteria/criteria.ts';
import { knownChainsOf } from '../core/haraka/known-chains.ts';
import type { Policy } from '../core/settings/settings.ts';
import type { CertificateLack } from './decide.ts';

/** The files of the folder `config` that entries name. */
export function criteriaFiles({ tls_criteria }: Policy, config: string): readonly string[] {
  return tls_criteria.flatMap((entry) => trustFiles(entry, config));
}

/** Judges what clients show where an entry asks for a certificate. */
export class ClientCertificates {
  #trust: ReadonlyMap<string, Trust | undefined> = new Map();

  /** Reads whom entries trust, and throws what is wrong with their files. */
  prepare({ tls_criteria }: Policy, config: string): () => void {
    const trust = new Map(
      tls_criteria
        .filter(({ client_certificate }) => client_certificate)
        .map((entry) => [keyOf(entry), readTrust(entry, `tls_criteria.${entry.name}`, config)]),
    );
    return () => {
      this.#trust = trust;
    };
  }

  /** What keeps the certificate of a client from being one that an entry asks for. */
  lackOf(
    shown: ClientChain | undefined,
    entry: Criterion,
    policy: Policy,
    now: Date,
  ): CertificateLack | undefined {
    if (!shown)
      return {
        told: 'a client certificate is needed, none was shown',
        detail: 'it shows no client certificate',
      };
    const trust = this.#trust.get(keyOf(entry));
    if (!trust) return unclear(`the authorities of ${entry.name} are not there any more`);
    const { fault, isForgotten } = knownChainsOf(policy).judge(shown, (chain) => ({
      fault: certificateFault(chain, trust, now),
    }));
    if (!fault) return wrongName(shown, entry);
    if (isForgotten && fault.kind === 'untrusted') return unclear(fault.text + earlierSession);
    return fault.kind === 'revocation-unknown'
      ? unclear(fault.text)
      : { told: meanings[fault.kind], detail: fault.text };
  }
}

const meanings: Readonly<Record<Exclude<CertificateFault['kind'], 'revocation-unknown'>, string>> = {
  expired: 'the client certificate, or one above it, has expired',
  'not-yet-valid': 'the client certificate, or one above it, is not valid yet',
  untrusted: 'the client certificate is not signed by an authority that is accepted here',
  'self-signed': 'the client certificate is signed by itself, not by an authority that is accepted here',
  'wrong-purpose': 'the client certificate is not for TLS',
  weak: 'the client certificate, or one above it, has a weak key or signature',
  unreadable: 'the client certificate, or one above it, cannot be judged',
  revoked: 'the client certificate, or one above it, was revoked',
};

function wrongName(chain: ClientChain, { certificate_names: names }: Criterion): CertificateLack | undefined {
  if (names.length === 0 || isFor(chain, names)) return undefined;
  const detail = `its certificate is not for ${names.join(' or ')}`;
  return { told: 'the client certificate is for another name than agreed', detail };
}

function unclear(detail: string): CertificateLack {
  return { detail };
}

/** The same settings trust the same, whichever revision they are of. */
function keyOf({ authorities_file, revocations_file }: Criterion): string {
  return JSON.stringify([authorities_file, revocations_file]);
}
