import { createHash } from 'node:crypto';
import { createLdapDirectory } from '../../core/directory/ldap.ts';
import { unknownAttributes } from '../../core/directory/schema.ts';
import { readDirectorySecrets } from '../../core/directory/secrets.ts';
import { ServiceRefused } from '../../core/directory/service-account.ts';
import { gatewayAlone } from '../../core/directory/source-directory.ts';
import { directoriesOf, identitySourcesOf, type DirectorySource } from '../../core/directory/sources.ts';
import { messageOf } from '../../core/message-of.ts';
import type { Secret } from '../../core/secret.ts';
import type { Policy } from '../../core/settings/settings.ts';
import { Refused, type Answer, type Question } from './question.ts';

/** Every server of every directory by itself; where there are several, a gateway would be content with the first that answers. */
export function directoryQuestions(policy: Policy, config: string): readonly Question[] {
  return directoriesOf(policy).flatMap((source) => {
    const { key: what, settings } = source;
    const login = loginOf(source, config);
    const milliseconds = settings.login_timeout_seconds * 1000;
    return settings.urls.map((url) => {
      const ask = () => probe(withServer(source, url), config);
      return { what, name: url, milliseconds, login, ask };
    });
  });
}

/** What a plugin offers lives in the gateway. */
export function identitySourceAnswers(policy: Policy): readonly Answer[] {
  return identitySourcesOf(policy).map(({ entry }) => ({
    ...{ what: 'identity source', name: entry.name, ok: null },
    says: `cannot be asked from here: ${gatewayAlone}`,
  }));
}

/** What the schema of each directory does not know, by a server that has answered: another might refuse the account once more. */
export async function schemaWarnings(
  policy: Policy,
  config: string,
  answers: readonly Answer[],
): Promise<readonly string[]> {
  const lines = await Promise.all(
    directoriesOf(policy).map(async (source) => {
      const good = answers.find(({ what, ok }) => what === source.key && ok === true);
      return good ? unknownAttributes(withServer(source, good.name), config) : [];
    }),
  );
  return lines.flat();
}

function withServer(source: DirectorySource, url: string): DirectorySource {
  return { ...source, settings: { ...source.settings, urls: [url] } };
}

/** As the gateway does it: connection, TLS, the service account, and a search for somebody who is not there. */
async function probe(source: DirectorySource, config: string): Promise<string> {
  const secrets = readDirectorySecrets(source, config);
  try {
    const directory = createLdapDirectory(source.settings, secrets);
    try {
      await directory.probe();
    } finally {
      directory.close();
    }
    return 'takes the service account, and answers a search';
  } catch (error) {
    const why = withoutUrl(messageOf(error), source);
    throw error instanceof ServiceRefused ? new Refused(why) : new Error(why, { cause: error });
  } finally {
    secrets.bindPassword.wipe();
  }
}

/** It stands in front of the line already. */
function withoutUrl(message: string, { settings: { urls } }: DirectorySource): string {
  const start = `${urls[0] ?? ''}: `;
  return message.startsWith(start) ? message.slice(start.length) : message;
}

/** The account with its password, which is not in it; `undefined` where that cannot be read, as whoever asks will say. */
function loginOf(source: DirectorySource, config: string): string | undefined {
  let password: Secret | undefined;
  try {
    password = readDirectorySecrets(source, config).bindPassword;
  } catch {
    return undefined;
  }
  const hash = createHash('sha256').update(`ldap\0${source.settings.bind_dn.toLowerCase()}\0`);
  const login = password.reveal((bytes) => hash.update(bytes).digest('hex'));
  password.wipe();
  return login;
}
