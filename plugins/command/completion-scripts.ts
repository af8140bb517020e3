import type { CommandTree, CommandWords, OptionWords, Value } from './command-tree.ts';

/** Scripts that complete the words of a program, by the shell that reads them. */
export const completionScripts = { bash, zsh, fish } as const;

function bash(name: string, { options, commands }: CommandTree): string {
  const valued = options.filter(({ value }) => value !== undefined).flatMap(({ names }) => names);
  const all = [{ name: '', options, argument: commands.map((command) => command.name) }, ...commands];
  return `# source <(${name} completion bash)
_${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
      ${valued.join(' | ')}) ((index++)) ;;
      -*) ;;
      *) command=\${COMP_WORDS[index]}; break ;;
    esac
  done
  case $command,$previous in
${all.flatMap(bashValues).join('\n')}
  esac
  case $command in
${all.map(bashWords).join('\n')}
  esac
}
complete -F _${name} ${name}
`;
}

/** What follows an option that has a value. */
function bashValues({ name, options }: Pick<CommandWords, 'name' | 'options'>): string[] {
  return options.flatMap(({ names, value }) => {
    if (value === undefined) return [];
    const pattern = names.map((each) => `${name},${each}`).join(' | ');
    const reply =
      value === 'directory' ? bashReply('-d') : value === 'anything' ? '' : bashReply(words(value));
    return [
      `    ${pattern}) ${reply}${value === 'directory' ? '; compopt -o filenames' : ''}${reply && '; '}return ;;`,
    ];
  });
}

function bashWords({ name, options, argument }: Omit<CommandWords, 'description'>): string {
  const optionNames = options.flatMap(({ names }) => names);
  const all = Array.isArray(argument) ? [...(argument as readonly string[]), ...optionNames] : optionNames;
  return `    '${name}') ${bashReply(words(all))} ;;`;
}

function bashReply(generator: string): string {
  return `mapfile -t COMPREPLY < <(compgen ${generator} -- "$word")`;
}

function words(list: readonly string[]): string {
  return `-W '${list.join(' ')}'`;
}

function zsh(name: string, { options, commands }: CommandTree): string {
  const described = commands.map((command) => quoted(`${command.name}:${command.description}`));
  return `# source <(${name} completion zsh), after compinit
_${name}() {
  local curcontext=$curcontext state line
  local -A opt_args
  local -a commands=(${described.join(' ')})
  _arguments -C ${options.map(zshOption).join(' ')} '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${commands.map(zshCommand).join('\n')}
      esac ;;
  esac
}
compdef _${name} ${name}
`;
}

function zshCommand({ name, options, argument }: CommandWords): string {
  return `        ${name}) _arguments ${options.map(zshOption).join(' ')} ${quoted(`*:argument:${zshValue(argument)}`)} ;;`;
}

function zshOption({ names, description, value }: OptionWords): string {
  const explained = `[${description.replace(/[[\]\\:]/g, '\\$&')}]`;
  const follows = value === undefined ? '' : `:value:${zshValue(value)}`;
  const rest = quoted(`${explained}${follows}`);
  return names.length === 1 ? `${names[0]}${rest}` : `'(${names.join(' ')})'{${names.join(',')}}${rest}`;
}

function zshValue(value: Value): string {
  if (value === 'directory') return '_files -/';
  return value === 'anything' ? ' ' : `(${value.join(' ')})`;
}

function fish(name: string, { options, commands }: CommandTree): string {
  const lines = [
    '-f',
    ...options.map((option) => `-n __fish_use_subcommand ${fishOption(option)}`),
    ...commands.flatMap(fishCommand),
  ];
  const head = `# ${name} completion fish | source`;
  return [head, ...lines.map((line) => `complete -c ${name} ${line}`), ''].join('\n');
}

function fishCommand({ name, description, options, argument }: CommandWords): string[] {
  const within = `-n '__fish_seen_subcommand_from ${name}'`;
  return [
    `-n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
    ...options.map((option) => `${within} ${fishOption(option)}`),
    ...(argument === 'anything' ? [] : [`${within} ${fishValue(argument)}`]),
  ];
}

function fishOption({ names, description, value }: OptionWords): string {
  const switches = names.map((each) =>
    each.startsWith('--') ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`,
  );
  const follows = value === undefined ? [] : ['-x', fishValue(value)];
  return [...switches, ...follows, '-d', quoted(description)].filter((each) => each !== '').join(' ');
}

function fishValue(value: Value): string {
  if (value === 'directory') return "-a '(__fish_complete_directories)'";
  return value === 'anything' ? '' : `-a '${value.join(' ')}'`;
}

/** In single quotes; fish and the others end them differently, so none may stand in the text. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
