// How runs ended, for people: the outcome sentence, what is true now, the next step; for many a table.
import type { Run } from '@nixfleet/contract/runs.ts';
import { duration } from '@nixfleet/contract/measures.ts';
import { isOutcome, outcomeSentence } from '@nixfleet/contract/words.ts';
import type { Screen } from '../terminal/screen.ts';
import type { Paint } from '../terminal/style.ts';
import { paintSpans, table } from '../terminal/table.ts';
import { briefly } from '../targets/words.ts';
import { faceOf, nextStep, truthNow } from './outcome.ts';
import { shortId, statusOfRun } from './status.ts';

const took = (run: Run): string =>
  run.startedAt !== null && run.finishedAt !== null ? duration(run.finishedAt - run.startedAt) : '';

/** Nothing for a run that has not ended. */
export function endLines(run: Run, paint: Paint): string[] {
  if (!isOutcome(run.state)) return [];
  const { sign, tone } = faceOf(run.state);
  const truth = truthNow(run, run.state);
  const next = nextStep(run, run.state, shortId(run.id));
  return [
    paintSpans(
      [
        [tone, `${sign} ${outcomeSentence(run.state, run.reason === null ? null : briefly(run.reason))}`],
        ['mute', took(run) === '' ? '' : `  ${took(run)}`],
      ],
      paint,
    ),
    ...(truth === undefined ? [] : [`  ${paintSpans(truth, paint)}`]),
    ...(next === undefined
      ? []
      : [
          paintSpans(
            [
              ['plain', '  '],
              ['accent', 'Next:'],
              ['plain', ` ${next}`],
            ],
            paint,
          ),
        ]),
  ];
}

/** One row per host, in the order asked. */
export function summaryLines(runs: readonly Run[], now: number, screen: Screen): string[] {
  return table<Run>(
    [
      { head: 'Host', cell: (r) => [['strong', r.hostName]] },
      { head: 'Run', cell: (r) => [['mute', shortId(r.id)]] },
      {
        head: 'Outcome',
        cell: (r) => {
          const { sign, word, tone } = statusOfRun(r, now);
          return [[tone, `${sign} ${word}`]];
        },
      },
      { head: 'Reason', cell: (r) => statusOfRun(r, now).remark, min: 10 },
      { head: 'Took', cell: (r) => [['mute', took(r)]], align: 'right', from: 60 },
    ],
    runs,
    { columns: screen.columns(), paint: screen.paint },
  );
}
