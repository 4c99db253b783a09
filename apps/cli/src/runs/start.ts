// run, rollback, watch: asking hosts to do something, and seeing it through.
import { Argument, type Command } from 'commander';
import { CreatedRuns, type CreateRuns, type Run, type RunArgs } from '@nixfleet/contract/runs.ts';
import { Verb } from '@nixfleet/contract/verbs.ts';
import { type Api, request } from '../api/client.ts';
import { failureLines, usage } from '../api/failure.ts';
import { type Context, printJson } from '../context.ts';
import type { Connect } from '../session/connection.ts';
import { isOutcome } from '@nixfleet/contract/words.ts';
import { refreshTargets } from '../targets/refresh.ts';
import { paintSpans } from '../terminal/table.ts';
import { oneLine } from '../terminal/text.ts';
import { fullCommit, lifetime, wholeNumber } from '../terminal/typed.ts';
import { findRun } from './find.ts';
import { worstExit } from './outcome.ts';
import { refusals } from './refusals.ts';
import { runSpans } from './status.ts';
import { watchRuns } from './watch.ts';

type StartOptions = {
  all?: true;
  watch?: true;
  test?: true;
  commit?: string;
  generation?: number;
  force?: true;
  expires?: number;
  json?: true;
};

const runExamples = `
Examples:
  nixfleet run plan web1 --watch                 what would change
  nixfleet run pull-switch web1 db1 --watch      deploy, and see how it ends
  nixfleet run pull-switch --all --expires 7d    also hosts that are away for days
`;

export function startCommands(program: Command, ctx: Context, connect: Connect): void {
  program
    .command('run')
    .addArgument(new Argument('<verb>', 'what to do').choices(Verb.options))
    .argument('[hosts...]', 'names or ids of hosts')
    .description('run a verb on hosts')
    .option('--all', 'on every host')
    .option('-w, --watch', 'follow the runs to their end; the exit status is their outcome')
    .option('--test', 'run the hosts’ tests before confirming')
    .option('--commit <commit>', 'deploy this commit instead of the newest', fullCommit)
    .option('--generation <number>', 'rollback only: return to this generation', wholeNumber)
    .option('--force', 'deploy what was quarantined after a rollback')
    .option('--expires <duration>', 'how long it may wait for its host, e.g. 2h (default 24h)', lifetime)
    .option('--json', 'print JSON')
    .addHelpText('after', runExamples)
    .action((verb: Verb, hosts: string[], options: StartOptions) => {
      if (hosts.length > 0 === (options.all === true))
        throw usage('Name hosts, or say --all', `nixfleet run ${verb} HOST…, or nixfleet run ${verb} --all`);
      return startNewest(ctx, connect(), createRuns(verb, hosts, options), options);
    });

  program
    .command('rollback')
    .argument('<host>', 'name or id of the host')
    .addArgument(
      new Argument('[generation]', 'the generation to return to (default: the previous one)').argParser(wholeNumber),
    )
    .description('return a host to an earlier generation')
    .option('-w, --watch', 'follow it to its end; the exit status is its outcome')
    .option('--test', 'run the host’s tests before confirming')
    .option('--json', 'print JSON')
    .action((host: string, generation: number | undefined, options: StartOptions) =>
      start(
        ctx,
        connect(),
        createRuns('rollback', [host], { ...options, ...(generation === undefined ? {} : { generation }) }),
        options,
      ),
    );

  program
    .command('watch')
    .argument('<runs...>', 'runs: ids, their beginnings or ends, or hosts for their latest run')
    .description('follow runs to their end; the exit status is their outcome')
    .option('--json', 'print JSON at the end')
    .action(async (names: string[], options: { json?: true }) => {
      const api = connect();
      const runs: Run[] = [];
      for (const name of names) runs.push(await findRun(api, name));
      const unique = [...new Map(runs.map((run) => [run.id, run])).values()];
      const ended = await watchRuns(ctx, api, unique, options.json ? ctx.err : ctx.out);
      if (ended === undefined) return;
      if (options.json) printJson(ctx, { runs: ended });
      ctx.status = exitOfAll(ended);
    });
}

const exitOfAll = (runs: readonly (Run | null)[]): number =>
  worstExit(runs.map((run) => (run !== null && isOutcome(run.state) ? run.state : null)));

function createRuns(verb: Verb, hosts: string[], options: StartOptions): CreateRuns {
  const { test, commit, generation, force, expires } = options;
  const args: RunArgs = {
    ...(test === undefined ? {} : { test }),
    ...(commit === undefined ? {} : { commit }),
    ...(generation === undefined ? {} : { generation }),
    ...(force === undefined ? {} : { force }),
  };
  return {
    verb,
    args,
    ...(hosts.length > 0 ? { hosts } : { all: true as const }),
    ...(expires === undefined ? {} : { expiresInMs: expires }),
  };
}

/** These deploy the newest commit unless told which. */
const newest: readonly Verb[] = ['pull', 'pull-switch', 'plan', 'update'];

/** Has the targets fetched first: whoever has just pushed means that commit, not the one of the last look. */
async function startNewest(ctx: Context, api: Api, body: CreateRuns, options: StartOptions): Promise<void> {
  if (newest.includes(body.verb) && options.commit === undefined)
    for (const { name, error } of await refreshTargets(api))
      if (error !== null)
        ctx.err.lines([`! ${name} could not be fetched: ${oneLine(error)}; its last known commit counts`]);
  return start(ctx, api, body, options);
}

async function start(ctx: Context, api: Api, body: CreateRuns, options: StartOptions): Promise<void> {
  const { results } = await request(api, 'POST', '/api/runs', CreatedRuns, { body });
  const screen = options.json ? ctx.err : ctx.out;
  for (const refusal of refusals(results, api.url)) ctx.err.lines(failureLines(refusal, ctx.err.paint));
  const runs = results.flatMap(({ run }) => run ?? []);
  const missing = results.filter(({ run }) => run === undefined).map(() => null);
  if (!options.watch || runs.length === 0) {
    if (options.json) printJson(ctx, { results });
    else screen.lines(runs.map((run) => paintSpans(runSpans(run, ctx.now()), screen.paint)));
    ctx.status = worstExit(missing);
    return;
  }
  const ended = await watchRuns(ctx, api, runs, screen);
  if (ended === undefined) return;
  const byId = new Map(ended.map((run) => [run.id, run]));
  if (options.json)
    printJson(ctx, {
      results: results.map((r) => (r.run === undefined ? r : { ...r, run: byId.get(r.run.id) ?? r.run })),
    });
  ctx.status = exitOfAll([...ended, ...missing]);
}
