// The page of the command line, walked off commander's own tree.
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { readSettings } from '../../apps/cli/src/config.ts';
import type { Context } from '../../apps/cli/src/context.ts';
import { makeProgram } from '../../apps/cli/src/program.ts';
import { makeScreen } from '../../apps/cli/src/terminal/screen.ts';
import { generated, table } from './markdown.ts';

/** Only the tree is read: nothing is printed and nobody is asked. */
function silentContext(): Context {
  const settings = readSettings({ HOME: '/' });
  const nowhere = makeScreen(new Writable({ write: (_chunk, _encoding, done) => done() }), { ...settings, off: true });
  return {
    settings,
    out: nowhere,
    err: nowhere,
    // The tree is built without a keyboard being read.
    keyboard: process.stdin,
    now: () => 0,
    random: () => 0,
    stopped: new AbortController().signal,
    status: 0,
  };
}

function section(command: Command, path: string): string {
  const usage = [path, ...command.registeredArguments.map((a) => (a.required ? `<${named(a)}>` : `[${named(a)}]`))];
  const options = command.options.map((o) => [`\`${o.flags}\``, o.description]);
  const choices = command.registeredArguments.filter((a) => a.argChoices !== undefined);
  return [
    `## ${path}`,
    sentence(command.description()),
    `\`\`\`\n${usage.join(' ')}${options.length > 0 ? ' [options]' : ''}\n\`\`\``,
    ...choices.map((a) => `\`${a.name()}\`: ${(a.argChoices ?? []).map((c) => `\`${c}\``).join(', ')}.`),
    ...(options.length > 0 ? [table(['Option', ''], options)] : []),
  ].join('\n\n');
}

const named = (argument: Command['registeredArguments'][number]): string =>
  `${argument.name()}${argument.variadic ? '...' : ''}`;

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function sections(command: Command, path: string): string[] {
  const children = command.commands.filter((c) => !c.name().startsWith('__'));
  const own =
    path === 'nixfleet' || (children.length > 0 && command.registeredArguments.length === 0)
      ? []
      : [section(command, path)];
  return [...own, ...children.flatMap((c) => sections(c, `${path} ${c.name()}`))];
}

export function cliPage(): string {
  const program = makeProgram(silentContext(), '');
  return `${generated('apps/cli/src/program.ts')}# The command line

${sentence(program.description())}

${table(
  ['Option', ''],
  program.options.map((o) => [`\`${o.flags}\``, o.description]),
)}

${sections(program, 'nixfleet').join('\n\n')}
`;
}
