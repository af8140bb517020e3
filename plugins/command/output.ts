import type { Command } from 'commander';
import { jsonLine, printable } from '../core/json-line.ts';
import { configurationFault } from '../core/self-check.ts';

/** What a script learns; those beyond 1 are of sysexits.h. */
export const exitCode = {
  yes: 0,
  /** A plain no: the login is refused, the address is not owned, nothing was found. */
  no: 1,
  /** EX_USAGE: the command line cannot be meant. */
  usage: 64,
  /** EX_UNAVAILABLE: what has to be asked does not answer, or cannot be read. */
  unavailable: 69,
  /** EX_SOFTWARE: a fault of ours. */
  software: 70,
  /** EX_CANTCREAT: a file is there already and is not written over. */
  cantCreate: 73,
  /** EX_CONFIG: the settings are wrong. */
  configuration: configurationFault,
} as const;

/** Ends the command with a message for people and an exit code for scripts. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;

  constructor(message: string, code: number) {
    super(message);
    this.exitCode = code;
  }
}

/** Options that every command has. */
export interface Globals {
  readonly haraka?: string;
  readonly json?: true;
}

/** What a command found out: for programs, and in lines for people. */
export interface Answer {
  readonly exitCode: number;
  readonly json: unknown;
  readonly lines: readonly string[];
}

/** Prints an answer in the form that was asked for, and sets the exit code. */
export function give(command: Command, { exitCode: code, json, lines }: Answer): void {
  const isJson = command.optsWithGlobals<Globals>().json === true;
  for (const line of isJson ? [jsonLine(json)] : lines) process.stdout.write(`${printable(line)}\n`);
  process.exitCode = code;
}

/** A fact with its name; several values stand below each other. */
export type Fact = readonly [label: string, value: string | readonly string[]];

/** Facts as lines, one value a line, the values below each other. */
export function aligned(facts: readonly Fact[]): string[] {
  const rows = facts.flatMap(([label, value]) =>
    (typeof value === 'string' ? [value] : value).map((each, index) => [index === 0 ? label : '', each]),
  );
  return table(rows);
}

/** The widest that a column becomes: a longer cell moves what follows on its own line only. */
const widestColumn = 44;

/** Cells as lines, each column as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.min(widestColumn, Math.max(...rows.map((row) => row[column]?.length ?? 0))),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
