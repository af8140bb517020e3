import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAuthorities } from '../authorities.ts';
import { messageOf } from '../message-of.ts';
import type { Policy } from '../settings/settings.ts';
import { authoritiesIn, type Trust } from './chain.ts';
import { revocationsIn } from './revocation.ts';

type Files = Pick<Policy, 'certificates'>;

/** The files of the folder `config` that say whose certificates count. */
export function trustFiles({ certificates }: Files, config: string): readonly string[] {
  const files = [certificates.authorities_file, certificates.revocations_file];
  return files.flatMap((file) => (file === undefined ? [] : [join(config, file)]));
}

/** Whose word counts for client certificates, where anybody's does; throws an Error that names the file that cannot be used. */
export function readTrust({ certificates }: Files, config: string): Trust | undefined {
  const { authorities_file: authorities, revocations_file: revocations } = certificates;
  if (authorities === undefined) return undefined;
  return {
    authorities: authoritiesIn([readAuthorities(join(config, authorities))]),
    ...(revocations !== undefined && { revocations: readRevocations(join(config, revocations)) }),
  };
}

function readRevocations(path: string) {
  try {
    return revocationsIn([readFileSync(path)]);
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
  }
}
