import type { Secret } from '../secret.ts';

export interface Credentials {
  readonly user: string;
  readonly password: Secret;
}

/** A smart host as a message leaves through it; never printed, and kept from what Haraka knows. */
export interface SmartHost {
  readonly name: string;
  /** A name, unless its certificate is not verified. */
  readonly host: string;
  readonly port: number;
  /** Nothing is said before its certificate is verified. */
  readonly verify: boolean;
  /** Authorities in PEM; those of Node.js where absent. */
  readonly ca?: string;
  readonly credentials?: Credentials;
}
