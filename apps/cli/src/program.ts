// The tree of commands: global options, each feature's commands, help with examples. Building it runs nothing.
import { Command } from 'commander';
import { exit } from './api/failure.ts';
import { completionCommands } from './completion/commands.ts';
import type { Context } from './context.ts';
import { eventCommands } from './events/commands.ts';
import { hostCommands } from './hosts/commands.ts';
import { runCommands } from './runs/commands.ts';
import { startCommands } from './runs/start.ts';
import { sessionCommands } from './session/commands.ts';
import { connect, type Connect } from './session/connection.ts';
import { targetCommands } from './targets/commands.ts';

const examples = `
Examples:
  nixfleet login https://fleet.example.com
  nixfleet hosts
  nixfleet run pull-switch web1 db1 --watch
  nixfleet run test --all --watch
  nixfleet show web1                     the latest run of web1
  nixfleet rollback web1 --watch
  nixfleet events

Exit status of what watches runs:
  0 succeeded   1 failed        3 rolled back   4 half activated   5 refused
  6 interrupted 7 cancelled     8 timed out     9 expired          the worst wins
Otherwise: 2 the control plane said no, ${exit.usage} usage, ${exit.unreachable} unreachable, ${exit.internal} fault, ${exit.notSignedIn} not signed in,
  ${exit.config} configuration, ${exit.stopped} stopped by Ctrl-C (the runs go on)
`;

export function makeProgram(ctx: Context, version: string): Command {
  const program = new Command('nixfleet')
    .description('Deploy a fleet of Nix hosts and see what became of it')
    .version(version, '-V, --version', 'print the version')
    .option('--server <server>', 'control plane to talk to: a name from login, or a URL')
    .option('--no-color', 'no colour')
    .helpCommand('help [command]', 'print help')
    .addHelpText('after', examples)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => ctx.out.raw(text),
      writeErr: (text) => ctx.err.raw(text),
      getOutHasColors: () => ctx.out.colour,
      getErrHasColors: () => ctx.err.colour,
      outputError: (text, write) =>
        write(`${ctx.err.paint('bad', '✗')} ${text.replace(/^error: (.)/, (_, c: string) => c.toUpperCase())}`),
    });
  const connected: Connect = () => connect(ctx.settings, program.opts<{ server?: string }>().server, ctx.stopped);
  sessionCommands(program, ctx);
  hostCommands(program, ctx, connected);
  startCommands(program, ctx, connected);
  runCommands(program, ctx, connected);
  targetCommands(program, ctx, connected);
  eventCommands(program, ctx, connected);
  completionCommands(program, ctx, connected);
  return program;
}
