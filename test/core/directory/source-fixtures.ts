import { runInNewContext } from 'node:vm';
import type { Verification } from '../../../plugins/core/directory/directory.ts';
import {
  defineIdentitySource,
  type IdentitySource,
} from '../../../plugins/core/directory/identity-source.ts';
import { SourceDirectory } from '../../../plugins/core/directory/source-directory.ts';
import { identitySource, type SourceSettings } from '../../../plugins/core/directory/source-settings.ts';
import { formatMailbox } from '../../../plugins/core/mailbox.ts';
import { Secret } from '../../../plugins/core/secret.ts';

/** What it answers of alice. */
export const answers = { account: { id: 'alice', addresses: ['alice@corp.example'] } };

/** A source that does the same whatever it is asked. */
export function sourceThat(does: () => unknown, more: object = {}): IdentitySource {
  return { name: 'sql', verify: does, find: does, ...more } as IdentitySource;
}

/** It in the hands of the gateway. */
export function directoryOf(source: IdentitySource, more: Partial<SourceSettings> = {}): SourceDirectory {
  const settings = identitySource.parse({ name: 'sql', login_timeout_seconds: 5, ...more });
  return new SourceDirectory(defineIdentitySource(source), settings);
}

/** What becomes of a login of alice. */
export const verify = (directory: SourceDirectory, login = 'alice', password = 'pw-alice') =>
  directory.verify(login, Secret.fromText(password));

/** A value of another realm, as plain Haraka plugins have it. */
export const foreign = (code: string) => runInNewContext(code) as unknown;

/** What was found, to be compared. */
export function inWords(found: Verification): unknown {
  if (found.kind === 'refused') return found.cause;
  const { addresses, delegated, ...rest } = found.account;
  return {
    ...rest,
    addresses: addresses.map(formatMailbox),
    ...(delegated && { delegated: { ...delegated, onBehalf: delegated.onBehalf.map(formatMailbox) } }),
  };
}
