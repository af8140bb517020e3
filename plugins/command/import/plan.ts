import { aroundIt } from './around.ts';
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
import { known, unknownDirectory, type Proposal, type Proposed, type User } from './proposal.ts';
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
  readonly proposed: Proposed;
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
  if (found.length === 0) return undefined;
  const names = found.map(({ name }) => name);
  const proposals = names.flatMap((name) => {
    const ini = inputs.inis[name];
    return ini === undefined ? [] : [{ name, ...converters[name](ini, inputs.base) }];
  });
  const proposed = proposedBy(proposals, inputs);
  const plugins = editPlugins(inputs.plugins, names, proposed.roles?.value);
  return {
    ...{ found, proposed, plugins },
    settings: settingsText(
      proposed,
      names.map((name) => sources[name]),
    ),
    users: proposals.flatMap(({ users = [] }) => users),
    notes: [
      ...proposals.flatMap(({ name, notes }) => notes.map((text) => ({ about: name, text }))),
      ...leftOut(proposals),
      ...aroundIt(inputs, proposed, plugins),
    ],
  };
}

/** Plugins that answer AUTH, going by their names; ours may be there already. */
const answersAuth = /^(?:auth[/-]|ldap$|gatekeeper\/auth$)/;

function proposedBy(proposals: readonly Named[], { listed, base }: Inputs): Proposed {
  const spf = proposals.find((proposal) => proposal.spf)?.spf;
  const directory = directoryAmong(proposals)?.directory;
  if (directory) return { directory, spf };
  if (!listed.some(({ name }) => answersAuth.test(name))) {
    return { roles: known(['mx'], 'config/plugins lists no AUTH plugin: nobody logs in here'), spf };
  }
  return { directory: unknownDirectory('nothing that config/plugins lists knows it', base), spf };
}

type Named = Proposal & { readonly name: SourceName };

/** Of several providers Haraka asks the one listed first; one with servers is worth more than a file of users. */
function directoryAmong(proposals: readonly Named[]): Named | undefined {
  const able = proposals.filter(({ directory }) => directory !== undefined);
  return able.find(({ users }) => users === undefined) ?? able[0];
}

function leftOut(proposals: readonly Named[]): Note[] {
  const chosen = directoryAmong(proposals)?.name;
  const others = proposals.filter(({ name, directory }) => directory !== undefined && name !== chosen);
  return others.map(({ name, users }) => ({
    about: name,
    text:
      users === undefined
        ? `Gatekeeper has one directory: that of ${chosen ?? ''}, listed first, which is the one Haraka asks. Nothing is taken from ${sources[name]}.`
        : `Gatekeeper has one directory, that of ${chosen ?? ''}: the users of the file must get into it.`,
  }));
}

/** How the operator goes on; whoever reads it stands in the directory of Haraka. */
export function nextCommands(
  { proposed }: Plan,
  { program, isWritten, user }: { program: string; isWritten: boolean; user: string | undefined },
): string[] {
  const editor = '"${EDITOR:-vi}"';
  const open = keysToFillIn(proposed);
  return [
    ...(isWritten ? [] : [`${program} import --write`]),
    ...(open.length > 0 ? [`${editor} config/gatekeeper.yaml  # fill in: ${open.join(', ')}`] : []),
    ...passwordCommands(proposed, editor, user),
    `${program} check`,
    '# then restart Haraka',
  ];
}

function passwordCommands({ directory }: Proposed, editor: string, user: string | undefined): string[] {
  if (directory === undefined) return [];
  const file = `config/${passwordFile}`;
  return [
    ...(directory.password ? [] : [`(umask 077; ${editor} ${file})  # the password of bind_dn`]),
    ...(user === undefined ? [] : [`chown ${user} ${file}`]),
  ];
}
