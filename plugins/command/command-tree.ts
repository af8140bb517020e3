import type { Argument, Command, Option } from 'commander';

/** What may follow an option or stand as an argument: one of these words, a path, or anything. */
export type Value = readonly string[] | 'directory' | 'anything';

export interface OptionWords {
  /** Such as `--json`; the long one last. */
  readonly names: readonly string[];
  readonly description: string;
  /** Absent for a flag. */
  readonly value?: Value;
}

export interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionWords[];
  readonly argument: Value;
}

/** All that can be typed: the options before any command, and every command. */
export interface CommandTree {
  readonly options: readonly OptionWords[];
  readonly commands: readonly CommandWords[];
}

/** Reads the words off a program, those of `--help` included. */
export function commandTree(program: Command): CommandTree {
  const help = program.createHelp();
  const commands = help.visibleCommands(program).map((command) => ({
    name: command.name(),
    description: command.description(),
    options: [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].map(wordsOf),
    argument: argumentOf(command.registeredArguments[0], program),
  }));
  return { options: help.visibleOptions(program).map(wordsOf), commands };
}

function wordsOf(option: Option): OptionWords {
  const { short, long, description, argChoices, required, flags } = option;
  const names = [short, long].filter((name) => name !== undefined);
  if (!required) return { names, description };
  const value = argChoices ?? (flags.endsWith('<dir>') ? 'directory' : 'anything');
  return { names, description, value };
}

/** The argument of `help` is a command. */
function argumentOf(argument: Argument | undefined, program: Command): Value {
  if (argument?.name() === 'command') return program.commands.map((command) => command.name());
  return argument?.argChoices ?? 'anything';
}
