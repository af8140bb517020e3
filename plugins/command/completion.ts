import { Argument, type Command } from 'commander';
import { commandTree } from './command-tree.ts';
import { completionScripts } from './completion-scripts.ts';

const examples = `
In the start-up file of bash or zsh: source <(gatekeeper completion bash)

Examples:
  gatekeeper completion bash > /etc/bash_completion.d/gatekeeper
  gatekeeper completion fish > ~/.config/fish/completions/gatekeeper.fish`;

type Shell = keyof typeof completionScripts;

/** Adds `gatekeeper completion SHELL`. */
export function addCompletion(program: Command): void {
  const shell = new Argument('<shell>', 'the shell that reads it').choices(Object.keys(completionScripts));
  program
    .command('completion')
    .description('print a script that completes commands, options and their values')
    .addArgument(shell)
    .addHelpText('after', examples)
    .action((name: Shell) => {
      process.stdout.write(completionScripts[name](program.name(), commandTree(program)));
    });
}
