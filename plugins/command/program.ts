import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { Unavailable } from '../core/directory/directory.ts';
import { jsonLine, printable } from '../core/json-line.ts';
import { SettingsError } from '../core/settings/document.ts';
import { addAppPassword } from './app-password.ts';
import { addCertificate } from './certificate.ts';
import { addCheck } from './check.ts';
import { addCompletion } from './completion.ts';
import { addConfig } from './config.ts';
import { addErase } from './erase.ts';
import { addEvents } from './events.ts';
import { addExport } from './export.ts';
import { addForget } from './forget.ts';
import { versionOf } from './haraka-package.ts';
import { addHeld } from './held.ts';
import { addImport } from './import.ts';
import { addLogin } from './login.ts';
import { exitCode, Failure } from './output.ts';
import { addPartners } from './partners.ts';
import { addReport } from './report.ts';
import { addSender } from './sender.ts';
import { addSpf } from './spf.ts';
import { addSuspension } from './suspension.ts';
import { addTls } from './tls.ts';
import { addTrace } from './trace.ts';
import { addWeb } from './web.ts';

const examples = `
Exit codes (sysexits.h): 0 yes, 1 no, 64 the command line cannot be meant,
69 the directory or the DNS cannot be asked or a file not be read, 78 the
settings are wrong.

Examples:
  gatekeeper check && systemctl restart haraka
  gatekeeper sender alice@corp.example alice.smith@corp.example
  gatekeeper events --refused --since 1h
  gatekeeper help login`;

/** Runs a command line to its end: prints the answer, or what is wrong, and sets the exit code. */
export async function run(args: readonly string[]): Promise<void> {
  // Also where the command line cannot be read: then nothing else says which form was asked for.
  const wantsJson = args.includes('--json');
  await createProgram(wantsJson)
    .parseAsync(args, { from: 'user' })
    .catch((error: unknown) => fail(error, wantsJson));
}

function createProgram(wantsJson: boolean): Command {
  const program = new Command('gatekeeper')
    .description('Asks the settings, the directory, the DNS and the events of a Haraka with Gatekeeper.')
    .version(versionOf(join(import.meta.dirname, '..')), '-V, --version', 'print the version')
    .option('--haraka <dir>', 'directory of Haraka; default: $HARAKA, else this one, else /etc/haraka')
    .option('--json', 'answer with one JSON document, also in case of an error')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeErr: (text) => wantsJson || process.stderr.write(shown(withoutValue(text))) })
    .exitOverride()
    .addHelpText('after', examples);
  for (const add of [
    addCheck,
    addConfig,
    addLogin,
    addForget,
    addAppPassword,
    addCertificate,
    addSender,
    addTls,
    addSpf,
    addPartners,
    addEvents,
    addReport,
    addTrace,
    addExport,
    addErase,
    addWeb,
    addHeld,
    addSuspension,
    addImport,
    addCompletion,
  ])
    add(program);
  return program;
}

/** Says what went wrong in the form that was asked for. */
function fail(error: unknown, wantsJson: boolean): void {
  process.exitCode = exitCodeOf(error);
  // Commander has printed what it had to say, help among it.
  if (process.exitCode === 0 || (error instanceof CommanderError && !wantsJson)) return;
  const message = messageOf(error);
  if (wantsJson) process.stdout.write(`${jsonLine({ error: message })}\n`);
  else for (const line of message.split('\n')) process.stderr.write(`gatekeeper: ${printable(line)}\n`);
}

function shown(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** What commander says, without the value of an option that it does not know: that may be a password. */
function withoutValue(text: string): string {
  return text.replace(/(unknown option '(?:--[^=']+(?==)|-[^-]))[^]*?'(?=\n|$)/, "$1'");
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Failure) return error.exitCode;
  if (error instanceof SettingsError) return exitCode.configuration;
  if (error instanceof Unavailable) return exitCode.unavailable;
  if (!(error instanceof CommanderError)) return exitCode.software;
  return error.exitCode === 0 ? exitCode.yes : exitCode.usage;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (process.exitCode === exitCode.software) return error.stack ?? error.message;
  return withoutValue(error.message.replace(/^error: /, ''));
}
