// What can be completed, read off the command tree: subcommands, options, and what kind of word each argument takes.
import type { Argument, Command, Option } from 'commander';

/** Words the control plane knows are asked for when they are needed; choices are in the script. */
export type WordKind = 'hosts' | 'runs' | 'targets' | 'servers';
export type Word = { kind: WordKind } | { choices: readonly string[] } | undefined;

export type Flag = { names: string[]; description: string; takesValue: boolean; word: Word };
export type Node = {
  /** Words from the program's name on: "nixfleet target add". */
  path: string;
  description: string;
  children: { name: string; description: string }[];
  flags: Flag[];
  /** One per position; the last one repeats where `variadic`. */
  args: Word[];
  variadic: boolean;
};

/** An argument's or option value's name says what it is: one word per thing. */
const kinds: Record<string, WordKind> = {
  host: 'hosts',
  hosts: 'hosts',
  run: 'runs',
  runs: 'runs',
  target: 'targets',
  server: 'servers',
};

const wordOf = (name: string, choices: readonly string[] | undefined): Word => {
  if (choices !== undefined) return { choices };
  const kind = kinds[name];
  return kind === undefined ? undefined : { kind };
};

const flagOf = (option: Option): Flag => ({
  names: [option.short, option.long].filter((n) => n !== undefined),
  description: option.description,
  takesValue: option.required || option.optional,
  word: wordOf(/<(\w+)>/.exec(option.flags)?.[1] ?? '', option.argChoices),
});

const isHidden = (command: Command): boolean => command.name().startsWith('__');

export function completionTree(program: Command): Node[] {
  const shared = [
    ...program.options.map(flagOf),
    { names: ['-h', '--help'], description: 'print help', takesValue: false, word: undefined },
  ];
  const walk = (command: Command, path: string): Node[] => {
    const children = command.commands.filter((c) => !isHidden(c));
    const args: readonly Argument[] = command.registeredArguments;
    const own = command === program ? [] : command.options.map(flagOf);
    return [
      {
        path,
        description: command.description(),
        children: children.map((c) => ({ name: c.name(), description: c.description() })),
        flags: [...own, ...shared],
        args: args.map((a) => wordOf(a.name(), a.argChoices)),
        variadic: args.at(-1)?.variadic ?? false,
      },
      ...children.flatMap((c) => walk(c, `${path} ${c.name()}`)),
    ];
  };
  return walk(program, program.name());
}
