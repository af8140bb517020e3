import { randomBytes } from 'node:crypto';
import { offersScram } from '../core/directory/sources.ts';
import { channelBinding } from '../core/haraka/channel-binding.ts';
import { ownChain } from '../core/haraka/own-certificate.ts';
import { settingsFor } from '../core/haraka/transaction.ts';
import type { Connection } from '../core/haraka/types.ts';
import type { ExchangeSession } from './mechanisms/step.ts';
import { hintsOf } from './oauth/decide.ts';

/** What an exchange may know of the session it runs in. */
export function sessionOf(connection: Connection): ExchangeSession {
  const { policy } = settingsFor(connection);
  const { oauth } = policy;
  const scram = offersScram(policy);
  return {
    scram,
    certificate: policy.certificates.external === 'on' && ownChain(connection) !== undefined,
    binding: scram ? channelBinding(connection) : undefined,
    tokens: oauth && hintsOf(oauth),
    nonce: () => randomBytes(18).toString('base64'),
  };
}
