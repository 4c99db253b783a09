// runs, show, output, cancel: what ran, what it said, and stopping it.
import { type Command, Option } from 'commander';
import { Run, RunPage, RunState } from '@nixfleet/contract/runs.ts';
import { Verb } from '@nixfleet/contract/verbs.ts';
import { allPages, type Api, get, request } from '../api/client.ts';
import { Failure, failureLines } from '../api/failure.ts';
import { type Context, printJson } from '../context.ts';
import type { Connect } from '../session/connection.ts';
import { ago } from '@nixfleet/contract/measures.ts';
import { paintSpans, table } from '../terminal/table.ts';
import { wholeNumber } from '../terminal/typed.ts';
import { findRun } from './find.ts';
import { printOutput } from './output.ts';
import { showLines } from './show.ts';
import { runSpans, shortId, statusOfRun } from './status.ts';

const PAGE = 100;

export function runCommands(program: Command, ctx: Context, connect: Connect): void {
  program
    .command('runs')
    .description('list runs, newest first')
    .option('--host <host>', 'only runs of this host')
    .addOption(new Option('--state <state>', 'only runs in this state').choices(RunState.options))
    .addOption(new Option('--verb <verb>', 'only runs of this verb').choices(Verb.options))
    .option('--live', 'only runs that have not ended')
    .option('-n, --limit <number>', 'at most so many', wholeNumber, 30)
    .option('--json', 'print JSON')
    .action((options: ListOptions) => listRuns(ctx, connect(), options));

  program
    .command('show')
    .argument('<run>', 'a run’s id, its beginning or end, or a host for its latest run')
    .description('show a run: its phases, how it ended, what to do next')
    .option('--json', 'print JSON')
    .action(async (name: string, options: { json?: true }) => {
      const run = await findRun(connect(), name);
      if (options.json) printJson(ctx, run);
      else ctx.out.lines(showLines(run, ctx.now(), ctx.out.paint));
    });

  program
    .command('output')
    .argument('<run>', 'a run’s id, its beginning or end, or a host for its latest run')
    .description('print what a run’s programs wrote')
    .option('-f, --follow', 'go on until the run ends')
    .option('--json', 'print journal entries as JSON; with --follow one a line')
    .action(async (name: string, options: { follow?: true; json?: true }) => {
      const api = connect();
      await printOutput(ctx, api, await findRun(api, name), options);
    });

  program
    .command('cancel')
    .argument('<runs...>', 'runs: ids, their beginnings or ends, or hosts for their latest run')
    .description('cancel runs; a host that has begun to change is taken back')
    .option('--json', 'print JSON')
    .action((names: string[], options: { json?: true }) => cancelRuns(ctx, connect(), names, options));
}

type ListOptions = { host?: string; state?: RunState; verb?: Verb; live?: true; limit: number; json?: true };

async function listRuns(ctx: Context, api: Api, { host, state, verb, live, limit, json }: ListOptions): Promise<void> {
  const runs = await allPages(
    (after) => get(api, '/api/runs', RunPage, { host, state, verb, live, after, limit: Math.min(limit, PAGE) }),
    (page) => page.runs,
    limit,
  );
  if (json) return printJson(ctx, { runs });
  if (runs.length === 0)
    return ctx.err.lines(['No runs.', `  ${ctx.err.paint('accent', 'Next:')} nixfleet run pull-switch HOST`]);
  const now = ctx.now();
  ctx.out.lines(
    table<Run>(
      [
        { head: 'Run', cell: (r) => [['mute', shortId(r.id)]] },
        { head: 'Host', cell: (r) => [['strong', r.hostName]], min: 8 },
        { head: 'Verb', cell: (r) => r.verb },
        {
          head: 'State',
          cell: (r) => {
            const { sign, word, tone } = statusOfRun(r, now);
            return [[tone, `${sign} ${word}`]];
          },
        },
        { head: 'Reason', cell: (r) => [['mute', statusOfRun(r, now).remark]], min: 12 },
        { head: 'By', cell: (r) => [['mute', r.createdBy]], from: 120, min: 6 },
        { head: 'When', cell: (r) => [['mute', ago(r.finishedAt ?? r.createdAt, now)]], from: 60 },
      ],
      runs,
      { columns: ctx.out.columns(), paint: ctx.out.paint },
    ),
  );
}

async function cancelRuns(ctx: Context, api: Api, names: string[], options: { json?: true }): Promise<void> {
  const cancelled: Run[] = [];
  for (const name of names)
    try {
      const run = await findRun(api, name);
      const after = await request(api, 'POST', `/api/runs/${encodeURIComponent(run.id)}/cancel`, Run);
      cancelled.push(after);
      if (!options.json) ctx.out.lines([paintSpans(runSpans(after, ctx.now()), ctx.out.paint)]);
    } catch (error) {
      // One that cannot be cancelled keeps no other one running.
      if (!(error instanceof Failure) || names.length === 1) throw error;
      ctx.err.lines(failureLines(error, ctx.err.paint));
      ctx.status = error.status;
    }
  if (options.json) printJson(ctx, { runs: cancelled });
}
