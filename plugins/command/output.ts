import { once } from 'node:events';
import type { Command } from 'commander';
import { jsonLine, printable } from '../core/json-line.ts';
import { configurationFault } from '../core/self-check.ts';

export { aligned, table, type Fact } from '../core/aligned.ts';

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

/** Writes to standard output, and waits where the reader is slow: a large file must not pile up in memory. */
export async function writeOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** A line for people beside an answer that is for programs. */
export function printError(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}
