import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { gatekeeper, people, peopleBase } from '../demo/people.ts';
import { openScene, type OpenScene } from './scene.ts';

/** How a directory is reached. */
export const securities = ['plain', 'ldaps', 'StartTLS'] as const;
export type Security = (typeof securities)[number];

/** What is done for one login. */
export const kinds = ['bind', 'search, then bind'] as const;
export type Kind = (typeof kinds)[number];

/** All that a contestant needs to log somebody in, again and again; plain data. */
export interface AuthTask {
  readonly url: string;
  readonly startTls: boolean;
  readonly caFile: string;
  readonly serviceDn: string;
  readonly servicePassword: string;
  readonly base: string;
  readonly login: string;
  readonly dn: string;
  readonly password: string;
  /** The program libldap.c, compiled. */
  readonly libldap: string;
}

export interface AuthScene extends Pick<OpenScene, 'close'> {
  readonly tasks: Readonly<Record<Security, AuthTask>>;
}

/** A slapd in clear, over ldaps and with StartTLS, and where it is wanted what the C compiler makes of libldap.c. */
export async function openAuthScene(signal: AbortSignal, compiles: boolean): Promise<AuthScene> {
  const [person] = people;
  if (person === undefined) throw new Error('the sample directory has nobody');
  const { uid, password, addresses } = person;
  const scene = await openScene(signal);
  const libldap = join(scene.folder, 'libldap');
  try {
    if (compiles) compile(libldap);
  } catch (error) {
    await scene.close();
    throw error;
  }
  const { caFile, plainUrl, url } = scene.directory;
  const task = {
    ...{ caFile, base: peopleBase, libldap, password, login: addresses[0], dn: `uid=${uid},${peopleBase}` },
    ...{ serviceDn: gatekeeper.dn, servicePassword: gatekeeper.password },
  };
  return {
    close: scene.close,
    tasks: {
      plain: { url: plainUrl, startTls: false, ...task },
      ldaps: { url, startTls: false, ...task },
      StartTLS: { url: plainUrl, startTls: true, ...task },
    },
  };
}

function compile(target: string): void {
  const source = join(import.meta.dirname, 'libldap.c');
  execFileSync('gcc', ['-O2', '-Wall', '-Werror', '-o', target, source, '-lldap', '-lpthread']);
}
