import assert from 'node:assert/strict';
import { afterEach } from 'node:test';
import type { RememberingDirectory } from '../../../plugins/core/directory/directory.ts';
import { createLdapDirectory, type DirectoryTuning } from '../../../plugins/core/directory/ldap.ts';
import type { DirectorySettings } from '../../../plugins/core/directory/settings.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { startFakeLdap, type FakeLdap, type Script } from '../../support/fake-ldap.ts';
import { inBrief, settingsFor } from './contract.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Runs `end` after the test. */
export function atEnd(end: () => unknown): void {
  ends.push(end);
}

/** A fake server that ends with the test. */
export async function fake(script: Script = {}): Promise<FakeLdap> {
  const server = await startFakeLdap(script);
  atEnd(() => server.close());
  return server;
}

export interface Client {
  /** Logs alice in, and says in one word what came of it. */
  readonly verify: (password?: string) => Promise<string>;
  readonly logged: string[];
  readonly directory: RememberingDirectory;
}

/** A directory that ends with the test. */
export function client(
  urls: readonly string[],
  more: Partial<DirectorySettings> = {},
  options: { readonly tuning?: DirectoryTuning; readonly ca?: string; readonly bindPassword?: string } = {},
): Client {
  const logged: string[] = [];
  const settings = settingsFor(urls, { operation_timeout_seconds: 2, login_timeout_seconds: 5, ...more });
  const secrets = {
    bindPassword: Secret.fromText(options.bindPassword ?? 'pw-gatekeeper'),
    ...(options.ca !== undefined && { ca: options.ca }),
  };
  const directory = createLdapDirectory(settings, secrets, (line) => logged.push(line), options.tuning);
  atEnd(() => {
    directory.close();
  });
  const verify = async (password = 'pw-alice'): Promise<string> =>
    inBrief(await directory.verify('alice@corp.example', Secret.fromText(password)));
  return { verify, logged, directory };
}

/** The attempt fails as the world's fault, for this reason, and without a word of the passwords. */
export async function assertUnavailable(attempt: Promise<unknown>, saying: RegExp): Promise<void> {
  await assert.rejects(attempt, (error: Error) => {
    assert.equal(error.name, 'Unavailable');
    assert.match(error.message, saying);
    assert.doesNotMatch(
      `${error.message} ${error.stack ?? ''} ${String(error.cause)}`,
      /pw-(alice|gatekeeper)/,
    );
    return true;
  });
}
