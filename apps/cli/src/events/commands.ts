// events: what happens in the fleet, as it happens.
import type { Command } from 'commander';
import { type Message, readStream } from '../api/events.ts';
import { exit } from '../api/failure.ts';
import { type Context, printJsonLine } from '../context.ts';
import type { Connect } from '../session/connection.ts';
import { eventTeller } from './teller.ts';
import { eventOf } from './words.ts';

export function eventCommands(program: Command, ctx: Context, connect: Connect): void {
  program
    .command('events')
    .description('print what happens in the fleet, until Ctrl-C')
    .option('--since <id>', 'begin after this event')
    .option('--json', 'print JSON, one event a line, with nothing left out')
    .action(async (options: { since?: string; json?: true }) => {
      const api = connect();
      const tell = options.json ? undefined : await eventTeller(ctx, api);
      const onMessage = (message: Message): void => {
        const event = eventOf(message, ctx.now());
        if (tell) tell(event);
        else printJsonLine(ctx, event);
      };
      await readStream(api, {
        path: '/api/events',
        ...(options.since === undefined ? {} : { lastId: options.since }),
        onMessage,
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
