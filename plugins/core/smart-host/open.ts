import { join } from 'node:path';
import { readAuthorities } from '../authorities.ts';
import { readPasswordFile } from '../password-file.ts';
import { Secret } from '../secret.ts';
import type { Policy } from '../settings/settings.ts';
import {
  smartHostPasswordSource,
  smartHostVariable,
  type SmartHostSettings,
} from '../settings/smart-hosts.ts';
import type { Credentials, SmartHost } from './types.ts';

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

/** One of them. */
export function openSmartHost(entry: SmartHostSettings, config: string): SmartHost {
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

function readPassword(entry: SmartHostSettings, config: string): Secret {
  const { name } = entry;
  const source = smartHostPasswordSource(entry);
  if (!source) {
    const variable = smartHostVariable(name);
    throw new Error(`smart_hosts: password_file of ${name} is not set, nor is the variable ${variable}`);
  }
  if ('variable' in source) return Secret.fromText(process.env[source.variable] ?? '');
  return readPasswordFile(join(config, source.file), `smart host ${name}`);
}
