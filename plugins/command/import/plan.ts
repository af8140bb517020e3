import { authLdapBooleans, fromAuthLdap } from './auth-ldap.ts';
import { flatFileBooleans, fromFlatFile } from './flat-file.ts';
import type { Ini } from './ini.ts';
import { fromLdap } from './ldap.ts';
import {
  editPlugins,
  isSource,
  sources,
  type Listed,
  type PluginsEdit,
  type SourceName,
} from './plugins-file.ts';
import { unknownDirectory, type Directory, type Proposal, type User } from './proposal.ts';
import { keysToFillIn, passwordFile, settingsText } from './settings-text.ts';
import { fromSpf, spfBooleans } from './spf.ts';

/** What an operator should know, and what it is about. */
export interface Note {
  readonly about: string;
  readonly text: string;
}

/** All that is proposed for one Haraka. */
export interface Plan {
  readonly found: readonly (Listed & { readonly name: SourceName })[];
  readonly directory: Directory;
  /** The text of `config/gatekeeper.yaml`. */
  readonly settings: string;
  readonly plugins: PluginsEdit;
  readonly users: readonly User[];
  readonly notes: readonly Note[];
}

/** What the plan is made from. */
export interface Inputs {
  /** The text of `config/plugins`. */
  readonly plugins: string;
  readonly listed: readonly Listed[];
  readonly inis: Readonly<Partial<Record<SourceName, Ini>>>;
  readonly smtp: Ini;
  readonly base: string | undefined;
}

/** How each of the old plugins declares the booleans of its file. */
export const booleansOf: Readonly<Record<SourceName, readonly string[]>> = {
  'auth-ldap': authLdapBooleans,
  ldap: [],
  'auth/flat_file': flatFileBooleans,
  spf: spfBooleans,
};

const converters: Readonly<Record<SourceName, (ini: Ini, base: string | undefined) => Proposal>> = {
  'auth-ldap': fromAuthLdap,
  ldap: fromLdap,
  'auth/flat_file': fromFlatFile,
  spf: fromSpf,
};

/** The sources among the plugins listed, in their order, each once. */
export function sourcesIn(plugins: readonly Listed[]): Plan['found'] {
  const found = plugins.flatMap(({ name, line }) => (isSource(name) ? [{ name, line }] : []));
  return found.filter(({ name }, index) => found.findIndex((other) => other.name === name) === index);
}

/** Makes the plan; `undefined` when there is nothing to migrate. */
export function planFor(inputs: Inputs): Plan | undefined {
  const found = sourcesIn(inputs.listed).filter(({ name }) => inputs.inis[name] !== undefined);
  const plugins = editPlugins(
    inputs.plugins,
    found.map(({ name }) => name),
  );
  if (found.length === 0 || plugins.diff === '') return undefined;
  const proposals = found.flatMap(({ name }) => {
    const ini = inputs.inis[name];
    return ini === undefined ? [] : [{ name, ...converters[name](ini, inputs.base) }];
  });
  const chosen = directoryAmong(proposals);
  const directory =
    chosen?.directory ?? unknownDirectory('nothing that config/plugins lists knows it', inputs.base);
  return {
    ...{ found, directory, plugins },
    settings: settingsText(
      directory,
      found.map(({ name }) => sources[name]),
    ),
    users: proposals.flatMap(({ users = [] }) => users),
    notes: [
      ...proposals.flatMap(({ name, notes }) => notes.map((text) => ({ about: name, text }))),
      ...leftOut(proposals, chosen?.name),
      ...aroundIt(inputs, plugins),
    ],
  };
}

type Named = Proposal & { readonly name: SourceName };

/** Of several providers Haraka asks the one listed first; one with servers is worth more than a file of users. */
function directoryAmong(proposals: readonly Named[]): Named | undefined {
  const able = proposals.filter(({ directory }) => directory !== undefined);
  return able.find(({ users }) => users === undefined) ?? able[0];
}

function leftOut(proposals: readonly Named[], chosen: SourceName | undefined): Note[] {
  const others = proposals.filter(({ name, directory }) => directory !== undefined && name !== chosen);
  return others.map(({ name, users }) => ({
    about: name,
    text:
      users === undefined
        ? `Gatekeeper has one directory: that of ${chosen ?? ''}, listed first, which is the one Haraka asks. Nothing is taken from ${sources[name]}.`
        : `Gatekeeper has one directory, that of ${chosen ?? ''}: the users of the file must get into it.`,
  }));
}

/** What other files say that the change touches. */
function aroundIt({ listed, smtp }: Inputs, { addsTls }: PluginsEdit): Note[] {
  const strangers = listed.filter(({ name }) => /^auth[/-]/.test(name) && !isSource(name));
  const ports = portsOf(smtp).filter((port) => ![25, 465, 587].includes(port));
  const tls = 'tls was not listed, and is put in: config/tls.ini must name your key and certificate.';
  const rival =
    'also answers AUTH and is not taken over: Gatekeeper does not start beside it. Take its line out.';
  const role = `${ports.join(', ')}: taken for submission, where clients must log in. If other servers bring mail there, say so: listeners: [{ port: ${ports[0] ?? 0}, role: mx }].`;
  return [
    ...strangers.map(({ name }) => ({ about: name, text: rival })),
    ...(addsTls ? [{ about: 'config/plugins', text: tls }] : []),
    ...(ports.length > 0 ? [{ about: 'ports', text: role }] : []),
  ];
}

function portsOf({ values }: Ini): number[] {
  const { listen, port } = values['main'] ?? {};
  const listed =
    typeof listen === 'string'
      ? [...listen.matchAll(/:(\d+)\s*(?:,|$)/g)].map(([, digits]) => Number(digits))
      : [];
  return [...new Set(typeof port === 'number' ? [port, ...listed] : listed)];
}

/** How the operator goes on; whoever reads it stands in the directory of Haraka. */
export function nextCommands(
  { directory }: Plan,
  { program, isWritten, user }: { program: string; isWritten: boolean; user: string | undefined },
): string[] {
  const editor = '"${EDITOR:-vi}"';
  const open = keysToFillIn(directory);
  return [
    ...(isWritten ? [] : [`${program} import --write`]),
    ...(open.length > 0 ? [`${editor} config/gatekeeper.yaml  # fill in: ${open.join(', ')}`] : []),
    ...(directory.password
      ? []
      : [`(umask 077; ${editor} config/${passwordFile})  # the password of bind_dn`]),
    ...(user === undefined ? [] : [`chown ${user} config/${passwordFile}`]),
    `${program} check`,
    '# then restart Haraka',
  ];
}
