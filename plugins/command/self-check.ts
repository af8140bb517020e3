import { existsSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Server } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { servedCertificates, validityNote, type NamedInIni } from '../core/certificate/served.ts';
import { unusedSources } from '../core/directory/identity-source.ts';
import { messageOf } from '../core/message-of.ts';
import { reachProblems } from '../core/reach.ts';
import {
  configurationFault,
  notedChecks,
  notedUses,
  onlyTry,
  refusalPrefix,
  type ChecksByStage,
} from '../core/self-check.ts';
import { settingsLeft } from '../core/settings/environment.ts';

// A process of its own, which `gatekeeper check` starts: it loads the plugins as Haraka does before it listens, and ends.
// Then core/haraka/startup.ts has said what is wrong. HARAKA and NODE_PATH are set, the argument is the package of Haraka.

/** Where the parent reads how far we are, one JSON object a line; Haraka and its plugins may print what they like. */
const reportDescriptor = 3;

/** What a self-check reports; the later line counts. */
export interface Report {
  /** The plugin that is being loaded. */
  readonly loading?: string;
  /** Of the settings that the gateway would begin with. */
  readonly revision?: string;
  readonly checks?: ChecksByStage;
  /** What does not keep it from starting. */
  readonly warnings?: readonly string[];
}

interface HarakaPlugins {
  server: unknown;
  load_plugins(): void;
  load_plugin(name: string): void;
}

const harakaPackage = process.argv[2] ?? '';
const harakaDirectory = process.env['HARAKA'] ?? '';
let loading = '';

function report(line: Report): void {
  writeSync(reportDescriptor, `${JSON.stringify(line)}\n`);
}

/** Ends as the start of the gateway does. */
function refuse(problem: string): never {
  process.stderr.write(`${refusalPrefix}${problem}\n`);
  process.exit(configurationFault);
}

function refuseError(error: unknown): never {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const where = loading === '' ? '' : `plugin ${loading}: `;
  // Ends at once: the checks that wait for the end of the loading would call plugins missing that come later.
  return refuse(`${where}${message.split('\n')[0]}`);
}

/** What bin/haraka, haraka.js and server.js do until the plugins are loaded. */
function load(): void {
  const settings = ['smtp.ini', 'smtp.json', 'smtp.yaml'].map((name) =>
    join(harakaDirectory, 'config', name),
  );
  if (!settings.some((file) => existsSync(file)))
    refuse(`${settings[0]} is missing; --haraka DIR names the directory of Haraka`);
  process.argv[1] = join(harakaPackage, 'haraka.js');
  const requireOfHaraka = createRequire(process.argv[1]);
  const server = requireOfHaraka('./server.js') as { notes: object; plugins: HarakaPlugins };
  server.notes = {};
  server.plugins.server = server;
  const loadOne = server.plugins.load_plugin.bind(server.plugins);
  server.plugins.load_plugin = (name) => {
    loading = name;
    report({ loading });
    loadOne(name);
  };
  server.plugins.load_plugins();
  loading = '';
}

/** Of certificates, whose files tls.ini names as Haraka reads it. */
function certificateWarnings(): string[] {
  const { cfg } = createRequire(join(harakaPackage, 'haraka.js'))('./tls_socket.js') as { cfg?: NamedInIni };
  if (!cfg) return [];
  const notes = servedCertificates(join(harakaDirectory, 'config'), cfg).map((each) =>
    validityNote(each, new Date()),
  );
  return notes.flatMap((note) => note?.text ?? []);
}

/** What smtp.ini says of whom Haraka becomes. */
interface HarakaMain {
  readonly user?: string | number;
  readonly group?: string | number;
}

function mainOfIni(): HarakaMain {
  const server = createRequire(join(harakaPackage, 'haraka.js'))('./server.js') as {
    cfg?: { main?: HarakaMain };
  };
  return server.cfg?.main ?? {};
}

/** What Haraka could not do as the user that it becomes once it listens, asked as that user, with the rights that Haraka leaves it. */
function reachUnder({
  user,
  group,
}: HarakaMain): Pick<Report, 'warnings'> & { readonly problems: readonly string[] } {
  const uses = notedUses();
  if (user === undefined || !uses) return { problems: [] };
  const who = { user: String(user), group: group === undefined ? undefined : String(group) };
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && ![userInfo().username, String(process.getuid?.())].includes(who.user)) {
    const unknown = `config/smtp.ini has user=${who.user}: what that user can read and write only a check tells that root or ${who.user} runs`;
    return { problems: [], warnings: [unknown] };
  }
  try {
    if (isRoot) become(user, group);
  } catch (error) {
    return {
      problems: [
        `config/smtp.ini: user=${user}${group === undefined ? '' : `, group=${group}`}: ${messageOf(error)}`,
      ],
    };
  }
  return { problems: reachProblems(uses, { ...who, isGivenFolders: isRoot }) };
}

/** As Haraka does, which asks for no other groups of the user; started by an init system it has none of root's either. */
function become(user: string | number, group: string | number | undefined): void {
  process.setgroups?.([]);
  if (group !== undefined) process.setgid?.(group);
  process.setuid?.(user);
}

/** Our own checks have run by now. */
function conclude(): never {
  const settings = settingsLeft();
  if (settings === undefined) refuse('config/plugins loads no plugin of gatekeeper that starts');
  const others = [...certificateWarnings(), ...unusedSources(settings.policy.identity_sources)];
  const { problems, warnings: unknown = [] } = reachUnder(mainOfIni());
  for (const problem of problems) process.stderr.write(`${refusalPrefix}${problem}\n`);
  if (problems.length > 0) process.exit(configurationFault);
  const warnings = [...others, ...unknown];
  report({ revision: settings.revision, checks: notedChecks(), warnings });
  process.exit(0);
}

// Whatever a plugin does when it is loaded, the ports belong to the gateway that is running.
Server.prototype.listen = function () {
  return this;
};
onlyTry();
process.on('uncaughtException', refuseError);
try {
  load();
} catch (error) {
  refuseError(error);
}
setImmediate(conclude);
