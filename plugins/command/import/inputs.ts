import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode, Failure } from '../output.ts';
import { findHaraka } from '../haraka-package.ts';
import { booleansOf, sourcesIn, type Inputs } from './plan.ts';
import { listed, sources } from './plugins-file.ts';
import { findPlugin, readInis, type Wanted } from './reader.ts';

/** What the command line may say about it. */
export interface Choices {
  readonly harakaPackage?: string | undefined;
  readonly base?: string | undefined;
}

/** Reads what the plan is made from; throws `Failure`. */
export function readInputs(dir: string, options: Choices): Inputs {
  const plugins = readPlugins(dir);
  const haraka = findHaraka(dir, options.harakaPackage);
  const all = listed(plugins);
  // A file of the operator's own goes before a package of the same name.
  const found = sourcesIn(all).filter(({ name }) => !existsSync(join(dir, 'plugins', `${name}.js`)));
  const wanted = found.map(({ name }): Wanted => {
    const defaults = name === 'auth/flat_file' ? haraka : findPlugin(dir, haraka, name);
    return { file: sources[name], booleans: booleansOf[name], defaults };
  });
  const smtpIni = { file: 'smtp.ini', booleans: [], defaults: haraka };
  const [smtp, ...inis] = readInis(dir, haraka, [smtpIni, ...wanted]);
  if (smtp === undefined)
    throw new Failure(`the haraka-config of ${haraka} read nothing`, exitCode.unavailable);
  const bySource = Object.fromEntries(found.map(({ name }, index) => [name, inis[index]]));
  return { plugins, listed: all, inis: bySource, smtp, base: options.base };
}

function readPlugins(dir: string): string {
  const path = join(dir, 'config/plugins');
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message = `${dir} is no directory of a Haraka: config/plugins cannot be read (${code}); --haraka DIR names another`;
    throw new Failure(message, exitCode.configuration);
  }
}
