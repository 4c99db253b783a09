// Watching runs to their end: follows all of them at once, says how each ended, and gives the exit status of the whole.
import type { Run } from '@nixfleet/contract/runs.ts';
import { isOutcome } from '@nixfleet/contract/words.ts';
import type { Api } from '../api/client.ts';
import { exit } from '../api/failure.ts';
import type { Context } from '../context.ts';
import type { Screen } from '../terminal/screen.ts';
import { paintSpans } from '../terminal/table.ts';
import { endLines, summaryLines } from './ending.ts';
import { followRun } from './follow.ts';
import { runSpans, shortId } from './status.ts';
import { watchView } from './watch-view.ts';

/**
 * Follows until all have ended, or until Ctrl-C: then undefined, after saying that the runs go on. `screen` is where
 * people look: stderr where stdout carries JSON.
 */
export async function watchRuns(
  ctx: Context,
  api: Api,
  runs: readonly Run[],
  screen: Screen,
): Promise<Run[] | undefined> {
  screen.lines(runs.map((run) => paintSpans(runSpans(run, ctx.now()), screen.paint)));
  const view = watchView(screen, runs, ctx.now);
  const latest = new Map(runs.map((run) => [run.id, run]));
  // One run that cannot be followed ends the watch of all.
  const halt = new AbortController();
  const following: Api = { ...api, signal: AbortSignal.any([api.signal, halt.signal]) };
  try {
    const ended = await Promise.all(
      runs.map((first) =>
        followRun(following, first.id, {
          onEntry: (entry) => view.entry(latest.get(first.id) ?? first, entry),
          onRun: (run) => {
            latest.set(run.id, run);
            view.run(run);
          },
          onConnection: (state) => view.connection(state),
          now: ctx.now,
          random: ctx.random,
        }),
      ),
    );
    view.end();
    for (const run of ended.length === 1 ? ended : []) screen.lines(endLines(run, screen.paint));
    if (ended.length > 1) screen.lines(['', ...summaryLines(ended, ctx.now(), screen)]);
    return ended;
  } catch (error) {
    view.end();
    if (!ctx.stopped.aborted) throw error;
    sayStopped(ctx, [...latest.values()]);
    return undefined;
  } finally {
    halt.abort();
  }
}

function sayStopped(ctx: Context, runs: readonly Run[]): void {
  const live = runs.filter((run) => !isOutcome(run.state));
  ctx.status = exit.stopped;
  const { paint } = ctx.err;
  const ids = live.map((run) => shortId(run.id)).join(' ');
  ctx.err.lines([
    `${paint('warn', '!')} Stopped watching; ${live.length === 1 ? 'the run goes' : `${live.length} runs go`} on`,
    `  ${paint('accent', 'Next:')} nixfleet watch ${ids}, or nixfleet cancel ${ids}`,
  ]);
}
