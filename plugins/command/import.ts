import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { harakaDirectory } from './installation.ts';
import { exitCode, Failure, give } from './output.ts';
import { readInputs } from './import/inputs.ts';
import { nextCommands, planFor, type Inputs } from './import/plan.ts';
import { sources } from './import/plugins-file.ts';
import { reportJson, reportLines, type Report } from './import/report.ts';
import { changePlugins, configFiles, createAll, ldifFile } from './import/write.ts';

interface Options {
  readonly write?: boolean;
  readonly ldif?: string;
  readonly base?: string;
  readonly harakaPackage?: string;
}

const help = `
Reads config/plugins and the ini files of the old plugins as Haraka does, and
prints what takes their place. No password is printed.

Exit codes: 0 proposal made, 1 nothing to migrate, 64 the command line cannot
be meant or there is no Haraka to read as, 73 a file is there already or cannot
be written, 78 DIR is no directory of a Haraka.

Examples:
  gatekeeper import
  gatekeeper import --write
  gatekeeper import --ldif users.ldif --base ou=people,dc=corp,dc=example`;

/** Adds `gatekeeper import`: settings that take the place of those of auth-ldap, ldap, auth/flat_file and spf. */
export function addImport(program: Command): void {
  program
    .command('import')
    .description('propose settings from those of auth-ldap, ldap, auth/flat_file and spf')
    .option('--write', 'write the proposal; no file but config/plugins is ever overwritten')
    .option('--ldif <file>', 'write the users of auth/flat_file as LDIF, with hashed passwords')
    .option('--base <dn>', 'entry of the directory below which the users of auth/flat_file get')
    .option('--haraka-package <dir>', 'where Haraka itself is; default: the one that DIR or PATH has')
    .addHelpText('after', help)
    .action((_options: unknown, command: Command) => {
      const report = importFrom(harakaDirectory(command, 'plugins'), command.opts<Options>());
      give(command, { exitCode: exitCode.yes, json: reportJson(report), lines: reportLines(report) });
    });
}

function importFrom(dir: string, options: Options): Report {
  checkUsage(options);
  const inputs = readInputs(dir, options);
  const plan = planFor(inputs);
  if (plan === undefined) throw new Failure(nothing, exitCode.no);
  if (options.ldif !== undefined && plan.users.length === 0)
    throw new Failure('--ldif: auth/flat_file is not in use, or has no users', exitCode.usage);
  const config = join(dir, 'config');
  const isWritten = options.write ?? false;
  const files = [
    ...(options.ldif === undefined ? [] : [ldifFile(resolve(options.ldif), plan, options.base ?? '')]),
    ...(isWritten ? configFiles(config, plan) : []),
  ];
  createAll(files);
  if (isWritten) changePlugins(config, plan);
  const written = files.map(({ path }) => path);
  const commands = nextCommands(plan, { program: programIn(dir), isWritten, user: userOf(inputs) });
  return {
    ...{ plan, isWritten },
    written: isWritten ? [...written, join(config, 'plugins')] : written,
    commands: relative(process.cwd(), dir) === '' ? commands : [`cd ${quoted(dir)}`, ...commands],
  };
}

function checkUsage({ ldif, base }: Options): void {
  if (ldif !== undefined && base === undefined) {
    throw new Failure('--ldif needs --base DN, the entry below which the users get', exitCode.usage);
  }
  if (base !== undefined && !/^[A-Za-z][\w.-]*\s*=\s*[^\s,=]/.test(base)) {
    throw new Failure(`--base ${base}: expected a DN such as ou=people,dc=corp,dc=example`, exitCode.usage);
  }
}

const nothing = `nothing to migrate: config/plugins lists none of ${Object.keys(sources).join(', ')}`;

/** For a shell. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

/** By its path in the package, where it is: npx would look for a stranger's package of the same name. */
function programIn(dir: string): string {
  const installed = 'node_modules/.bin/gatekeeper';
  return existsSync(join(dir, installed)) ? installed : 'gatekeeper';
}

/** Whom Haraka becomes after its start. */
function userOf({ smtp }: Inputs): string | undefined {
  const user = smtp.values['main']?.['user'];
  return typeof user === 'string' ? user : undefined;
}
