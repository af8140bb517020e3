import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAuthorities } from '../authorities.ts';
import { messageOf } from '../message-of.ts';
import { authoritiesIn, type Trust } from './chain.ts';
import { revocationsIn, type Revocations } from './revocation.ts';

/** What settings name of the folder `config`, to say whose certificates count. */
interface TrustFiles {
  readonly authorities_file?: string | undefined;
  readonly revocations_file?: string | undefined;
}

export function trustFiles(files: TrustFiles, config: string): readonly string[] {
  const { authorities_file, revocations_file } = files;
  return [authorities_file, revocations_file].flatMap((file) =>
    file === undefined ? [] : [join(config, file)],
  );
}

/** Whose word counts for client certificates, where anybody's does; throws an Error that names the key, below `section`, and its file. */
export function readTrust(files: TrustFiles, section: string, config: string): Trust | undefined {
  const { authorities_file, revocations_file } = files;
  if (authorities_file === undefined) return undefined;
  const read = <T>(key: keyof TrustFiles, file: string, how: (path: string) => T): T => {
    try {
      return how(join(config, file));
    } catch (error) {
      throw new Error(`${section}.${key}: ${messageOf(error)}`, { cause: error });
    }
  };
  return {
    authorities: authoritiesIn([read('authorities_file', authorities_file, readAuthorities)]),
    ...(revocations_file !== undefined && {
      revocations: read('revocations_file', revocations_file, readRevocations),
    }),
  };
}

function readRevocations(path: string): Revocations {
  try {
    return revocationsIn([readFileSync(path)]);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      code === undefined ? `${path}: ${messageOf(error)}` : `${path} cannot be read (${code})`,
      {
        cause: error,
      },
    );
  }
}
