import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** An entry of the package: what others import by a name. */
export interface Entry {
  /** The file of plugins/api, without its ending. */
  readonly file: string;
  /** As an exports map has it: `.`, `./spf`. */
  readonly path: string;
  /** As it is imported. */
  readonly name: string;
}

/** Each file of plugins/api is an entry, and nothing else is. */
export const entries: readonly Entry[] = readdirSync(join(import.meta.dirname, '../plugins/api'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -'.ts'.length))
  .sort((a, b) => Number(b === 'index') - Number(a === 'index') || a.localeCompare(b, 'en'))
  .map((file) => {
    const below = file === 'index' ? '' : `/${file}`;
    return { file, path: `.${below}`, name: `haraka-plugin-gatekeeper${below}` };
  });
