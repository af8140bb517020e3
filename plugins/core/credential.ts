import { networkSet } from './network.ts';

/** One of several passwords of an account, such as that of a printer, with a name of its own in the trail. */
export interface Credential {
  readonly name: string;
  /** Where it may be used, as `ADDRESS` or `ADDRESS/PREFIX`; absent: everywhere. */
  readonly networks?: readonly string[];
  /** Last day (YYYY-MM-DD, UTC) on which it counts; absent: it has none. */
  readonly expires?: string;
}

export function isExpired({ expires }: Credential, now: Date): boolean {
  return expires !== undefined && now.toISOString().slice(0, expires.length) > expires;
}

/** Whether a client is none of those that may use it. */
export function isElsewhere({ networks }: Credential, client: string): boolean {
  return networks !== undefined && !networkSet(networks)(client);
}
