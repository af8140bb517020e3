import type { Plan } from './plan.ts';

/** What one run has to tell. */
export interface Report {
  readonly plan: Plan;
  /** Paths of the files that were written. */
  readonly written: readonly string[];
  readonly isWritten: boolean;
  /** What to run next; a line that begins with `#` is for the reader. */
  readonly commands: readonly string[];
}

/** The report for scripts. No secret stands in it. */
export function reportJson({ plan, written, commands }: Report): object {
  const { found, settings, plugins, notes } = plan;
  return {
    found,
    settings,
    plugins: { diff: plugins.diff, after: plugins.after },
    notes,
    commands,
    written,
  };
}

/** The report for people. No secret stands in it. */
export function reportLines({ plan, written, isWritten, commands }: Report): string[] {
  const state = isWritten ? 'written' : 'proposed';
  const found = plan.found.map(({ name, line }) => `${name} (line ${line})`).join(', ');
  return [
    `config/plugins lists ${found}.`,
    `config/gatekeeper.yaml, ${state}:`,
    plan.settings.trimEnd(),
    `config/plugins, ${isWritten ? 'changed' : 'proposed change'}:`,
    plan.plugins.diff.trimEnd(),
    'What to know:',
    plan.notes.map(({ about, text }) => wrapped(`${about}: ${text}`)).join('\n'),
    ...(written.length > 0 ? [`Written:\n${written.map((path) => `  ${path}`).join('\n')}`] : []),
    `Next:\n${commands.map((command) => `  ${command}`).join('\n')}`,
  ]
    .join('\n\n')
    .split('\n');
}

const width = 100;

/** An item of a list, broken between words. */
function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(lines.length === 0 ? `- ${word}` : `  ${word}`);
  }
  return lines.join('\n');
}
