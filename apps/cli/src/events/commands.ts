// events: what happens in the fleet, as it happens.
import type { Command } from 'commander';
import { readStream } from '../api/events.ts';
import { exit } from '../api/failure.ts';
import { type Context, printJsonLine } from '../context.ts';
import { everyHost } from '../hosts/commands.ts';
import type { Connect } from '../session/connection.ts';
import { eventLine, eventOf } from './words.ts';

export function eventCommands(program: Command, ctx: Context, connect: Connect): void {
  program
    .command('events')
    .description('print what happens in the fleet, until Ctrl-C')
    .option('--since <id>', 'begin after this event')
    .option('--json', 'print JSON, one event a line')
    .action(async (options: { since?: string; json?: true }) => {
      const api = connect();
      const names = new Map(options.json ? [] : (await everyHost(api)).map((host) => [host.id, host.name]));
      const { paint } = ctx.out;
      await readStream(api, {
        path: '/api/events',
        ...(options.since === undefined ? {} : { lastId: options.since }),
        onMessage: (message) => {
          const event = eventOf(message, ctx.now());
          if (options.json) printJsonLine(ctx, event);
          else ctx.out.lines([eventLine(event, (id) => names.get(id), paint)]);
        },
        onConnection: (state) =>
          ctx.err.lines([
            ctx.err.paint('warn', state === 'lost' ? '! Connection lost, trying again' : '! Connection is back'),
          ]),
        now: ctx.now,
        random: ctx.random,
      }).catch((error: unknown) => {
        // Ctrl-C is how this command ends.
        if (!ctx.stopped.aborted) throw error;
        ctx.status = exit.stopped;
      });
    });
}
