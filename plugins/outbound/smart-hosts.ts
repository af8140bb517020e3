import { join } from 'node:path';
import { readAuthorities } from '../core/authorities.ts';
import { readPasswordFile } from '../core/password-file.ts';
import { Secret } from '../core/secret.ts';
import type { Policy } from '../core/settings/settings.ts';
import { smartHostVariable, type SmartHostSettings } from '../core/settings/smart-hosts.ts';
import type { Credentials, SmartHost } from '../core/smart-host/types.ts';

type Hosts = Pick<Policy, 'smart_hosts'>;

/** The files of the folder `config` that hold what the entries only name. */
export function smartHostFiles({ smart_hosts }: Hosts, config: string): readonly string[] {
  return smart_hosts.flatMap(({ ca_file: ca, password_file: password }) =>
    [ca, password].flatMap((file) => (file === undefined ? [] : [join(config, file)])),
  );
}

/** All smart hosts with their secrets, by name; throws an error that says what to do about a file. */
export function openSmartHosts({ smart_hosts }: Hosts, config: string): ReadonlyMap<string, SmartHost> {
  return new Map(smart_hosts.map((entry) => [entry.name, openSmartHost(entry, config)]));
}

function openSmartHost(entry: SmartHostSettings, config: string): SmartHost {
  const { name, host, port, tls } = entry;
  const ca = entry.ca_file === undefined ? undefined : readAuthorities(join(config, entry.ca_file));
  const credentials = readCredentials(entry, config);
  return {
    ...{ name, host, port, verify: tls === 'verify' },
    ...(ca !== undefined && { ca }),
    ...(credentials && { credentials }),
  };
}

function readCredentials(entry: SmartHostSettings, config: string): Credentials | undefined {
  const { name, user } = entry;
  if (user === undefined) return undefined;
  const password = readPassword(entry, config);
  // RFC 4616 §2: it would end there.
  if (password.reveal((bytes) => bytes.includes(0))) {
    throw new Error(`smart_hosts: the password of ${name} has a NUL in it`);
  }
  return { user, password };
}

function readPassword({ name, password_file: file }: SmartHostSettings, config: string): Secret {
  const variable = smartHostVariable(name);
  const text = process.env[variable];
  if (text) return Secret.fromText(text);
  if (file !== undefined) return readPasswordFile(join(config, file), `smart host ${name}`);
  throw new Error(`smart_hosts: password_file of ${name} is not set, nor is the variable ${variable}`);
}
