import type { Role } from '../../core/words.ts';

/** The plugins that are taken over, by the name that Haraka gives them, with the file of each. */
export const sources = {
  'auth-ldap': 'auth_ldap.ini',
  ldap: 'ldap.ini',
  'auth/flat_file': 'auth_flat_file.ini',
  spf: 'spf.ini',
} as const;

export type SourceName = keyof typeof sources;

/** Before Haraka's own `tls`, an unusable key is reported in one line and not by a stack trace. */
const ours = [
  'gatekeeper/audit',
  'gatekeeper/tls',
  'tls',
  'gatekeeper/auth',
  'gatekeeper/sender',
  'gatekeeper/outbound',
] as const;

/** Those that a host does without where nobody logs in. */
const forLogins: readonly string[] = ['gatekeeper/tls', 'tls', 'gatekeeper/auth'];

function neededBy(roles: readonly Role[]): readonly string[] {
  return roles.includes('submission') ? ours : ours.filter((name) => !forLogins.includes(name));
}

/** A line of `config/plugins` that names a plugin. */
export interface Listed {
  readonly name: string;
  /** Counted from 1. */
  readonly line: number;
}

/** The plugins that Haraka would load; only a whole line is a comment to it. */
export function listed(text: string): Listed[] {
  return linesOf(text).flatMap((line, index) => {
    const name = nameOf(line);
    return name === undefined ? [] : [{ name, line: index + 1 }];
  });
}

function linesOf(text: string): string[] {
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}

/** As Haraka takes a name: an old one is what it became. */
function nameOf(line: string): string | undefined {
  const text = line.trim();
  if (text === '' || /^[;#]/.test(text)) return undefined;
  const name = text.replace(/^haraka-plugin-/, '');
  return name === 'auth/auth_ldap' ? 'auth-ldap' : name;
}

/** A source among the plugins that are listed. */
export function isSource(name: string): name is SourceName {
  return Object.hasOwn(sources, name);
}

/** What becomes of `config/plugins`. */
export interface PluginsEdit {
  readonly after: string;
  /** Unified. */
  readonly diff: string;
  /** Whether Haraka's own `tls` had to be put in. */
  readonly addsTls: boolean;
}

interface Step {
  readonly mark: ' ' | '-' | '+';
  readonly line: string;
}

/** Takes the old lines out, puts in those that the roles need and that are missing, and keeps everything else. */
export function editPlugins(
  text: string,
  remove: readonly string[],
  roles: readonly Role[] = ['submission', 'mx'],
): PluginsEdit {
  const lines = linesOf(text);
  const isOld = (line: string): boolean => {
    const name = nameOf(line);
    return name !== undefined && remove.includes(name);
  };
  const names = lines.map(nameOf);
  const missing = neededBy(roles).filter((name) => !names.includes(name));
  const place = lines.findIndex((line) => isOld(line) || nameOf(line) === 'tls');
  const at = place < 0 ? lines.length : place;
  const added = missing.map((line): Step => ({ mark: '+', line }));
  const kept = lines.map((line): Step => ({ mark: isOld(line) ? '-' : ' ', line }));
  const afterOld = kept.findIndex(({ mark }, index) => index >= at && mark !== '-');
  const cut = afterOld < 0 ? kept.length : afterOld;
  const steps = [...kept.slice(0, cut), ...added, ...kept.slice(cut)];
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const after = steps.filter(({ mark }) => mark !== '-').map(({ line }) => `${line}${end}`);
  return { after: after.join(''), diff: unified(steps), addsTls: missing.includes('tls') };
}

const contextLines = 3;

/** The changes with the lines around them, as `diff -u` shows them. */
function unified(steps: readonly Step[]): string {
  const isNear = steps.map((_, index) => {
    const around = steps.slice(Math.max(0, index - contextLines), index + contextLines + 1);
    return around.some(({ mark }) => mark !== ' ');
  });
  const hunks: string[] = [];
  steps.forEach(({ mark, line }, index) => {
    if (isNear[index] !== true) return;
    if (isNear[index - 1] !== true) hunks.push(heading(steps, isNear, index));
    hunks.push(`${mark}${line}`);
  });
  return hunks.length === 0 ? '' : ['--- config/plugins', '+++ config/plugins', ...hunks, ''].join('\n');
}

function heading(steps: readonly Step[], isNear: readonly boolean[], from: number): string {
  const end = isNear.indexOf(false, from);
  const hunk = steps.slice(from, end < 0 ? steps.length : end);
  const range = (side: '-' | '+'): string => {
    const count = (some: readonly Step[]) => some.filter(({ mark }) => mark === ' ' || mark === side).length;
    return `${side}${count(steps.slice(0, from)) + 1},${count(hunk)}`;
  };
  return `@@ ${range('-')} ${range('+')} @@`;
}
