import type { ClientChain, Trust } from '../../core/certificate/chain.ts';
import { earlierSession } from '../../core/certificate/known-chains.ts';
import { shortKeyOf } from '../../core/certificate/names.ts';
import { provenNames } from '../../core/certificate/proven.ts';
import { Unavailable, type Directory, type Verification } from '../../core/directory/directory.ts';
import { knownChainsOf } from '../../core/haraka/known-chains.ts';
import type { Policy } from '../../core/settings/settings.ts';
import { noDirectory } from '../no-directory.ts';

/** Whether a certificate was revoked is not known now. */
export class CertificateUnjudged extends Unavailable {}

/** How events and logs call a certificate: an application password cannot have such a name. */
export function credentialOf({ leaf }: Pick<ClientChain, 'leaf'>): string {
  return `certificate:${shortKeyOf(leaf)}`;
}

/** Tells whose a certificate is, by what it proves now and what the directory says of that. */
export class Holders {
  #directory: Directory = noDirectory;
  #trust: () => Trust | undefined = () => undefined;

  /** Asks another directory, and trusts others, from the next certificate on; `trust` throws `Unavailable` where it is not known. */
  use(directory: Directory, trust: () => Trust | undefined): void {
    this.#directory = directory;
    this.#trust = trust;
  }

  /** Whether the authorities of the settings stand by a certificate now. */
  isVouchedFor(shown: ClientChain, policy: Policy): boolean {
    return provenNames(knownChainsOf(policy).completed(shown), this.#trust(), new Date()).fault === undefined;
  }

  /** The account of a certificate, or why it is nobody's here. Rejects with `Unavailable`, for what cannot be judged too. */
  async find(shown: ClientChain, policy: Policy): Promise<Verification> {
    const credential = credentialOf(shown);
    const { names, fault, isForgotten } = knownChainsOf(policy).judge(shown, (chain) =>
      provenNames(chain, this.#trust(), new Date()),
    );
    if (fault?.kind === 'revocation-unknown') throw new CertificateUnjudged(fault.text);
    const found: Verification = names
      ? await this.#directory.byCertificate(names)
      : { kind: 'refused', cause: 'no-such-account' };
    if (found.kind === 'account') {
      return { ...found, account: { ...found.account, credential: { name: credential } } };
    }
    if (found.cause !== 'no-such-account' || !fault) return { ...found, credential };
    const more = isForgotten && fault.kind === 'untrusted' ? earlierSession : '';
    const detail = `${fault.kind}: ${fault.text}${more}`;
    return { kind: 'refused', cause: 'certificate-fault', detail, credential };
  }
}
