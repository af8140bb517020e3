import { stringify } from 'yaml';
import { known, type Directory, type Proposed, type Setting, type Spf } from './proposal.ts';

/** What marks a line whose value only the operator knows. */
const fillInMark = '# FILL IN';

/** The name of the file with the password of `bind_dn`, in the folder `config`. */
export const passwordFile = 'ldap.password';

/** The text of the proposed `gatekeeper.yaml`: above each value where it came from, beside it the mark if it is to fill in. */
export function settingsText({ roles, directory, spf }: Proposed, sources: readonly string[]): string {
  return [
    `# Proposed by \`gatekeeper import\` from ${sources.join(', ')}.`,
    `# The sample in the package's folder config/ explains every setting.`,
    ...lines('roles', roles),
    ...(spf ? protectedLines : []),
    ...(directory ? section('directory', directoryLines(directory)) : []),
    ...(spf ? section('spf', spfLines(spf)) : []),
    '',
  ].join('\n');
}

function section(key: string, content: readonly string[]): string[] {
  return [`${key}:`, ...content.map((line) => `  ${line}`)];
}

function directoryLines(directory: Directory): string[] {
  return [
    ...lines('urls', directory.urls),
    ...lines('start_tls', directory.start_tls),
    ...authorityLines(directory),
    ...lines('bind_dn', directory.bind_dn),
    ...lines('bind_password_file', passwordSetting(directory)),
    ...lines('base', directory.base),
    ...lines('filter', directory.filter),
    ...lines('address_attributes', directory.address_attributes),
    ...lines('operation_timeout_seconds', directory.operation_timeout_seconds),
  ];
}

function spfLines({ fail, softfail, permerror, temperror }: Spf): string[] {
  return [
    ...lines('fail', fail),
    ...lines('softfail', softfail),
    ...lines('permerror', permerror),
    ...lines('temperror', temperror),
  ];
}

function lines(key: string, setting: Setting<unknown> | undefined): string[] {
  if (setting === undefined) return [];
  const comments = setting.from.split('\n').map((line) => `# ${line.replace(/[\0-\x1f\x7f-\x9f]/g, '?')}`);
  const mark = setting.isToFillIn ? ` ${fillInMark}` : '';
  return [...comments, `${key}: ${yaml(setting.value)}${mark}`];
}

function yaml(value: unknown): string {
  const style = Array.isArray(value)
    ? ({ collectionStyle: 'flow', flowCollectionPadding: false } as const)
    : {};
  return stringify(value, { lineWidth: 0, ...style }).trimEnd();
}

function passwordSetting({ password }: Directory): Setting<string> {
  const from = password ? 'ldap.ini: bindpw' : 'The password of bind_dn: write it into this file';
  return known(passwordFile, `${from} (mode 600)`);
}

/** Commented out: without it the authorities that Node.js knows count. */
function authorityLines({ ca_file: why }: Directory): string[] {
  return why === undefined ? [] : [`# ${why}`, `# ca_file: ldap-ca.pem ${fillInMark}`];
}

/** Commented out: mail of a domain is refused as soon as it is listed and its record does not name all who send. */
const protectedLines = [
  '# Your own domains: who uses one without a login needs an SPF pass, or an entry of partners',
  `# protected_domains: [example.com] ${fillInMark}`,
];

/** The keys that are to fill in. */
export function keysToFillIn({ directory, spf }: Proposed): string[] {
  return [...(spf ? ['protected_domains'] : []), ...(directory ? directoryKeysToFillIn(directory) : [])];
}

function directoryKeysToFillIn(directory: Directory): string[] {
  const { urls, bind_dn, base, filter } = directory;
  const marked = Object.entries({ urls, bind_dn, base, filter }).filter(([, { isToFillIn }]) => isToFillIn);
  const authority = directory.ca_file === undefined ? [] : ['ca_file (if needed)'];
  return [...marked.map(([key]) => key), ...authority];
}
