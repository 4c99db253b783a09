// One run as a page of text: title, phases with their times, how it ended, what to do next.
import type { Run } from '@nixfleet/contract/runs.ts';
import { absolute, ago, duration } from '@nixfleet/contract/measures.ts';
import { isOutcome } from '@nixfleet/contract/words.ts';
import type { Paint } from '../terminal/style.ts';
import { definitions, paintSpans, table } from '../terminal/table.ts';
import { endLines } from './ending.ts';
import { phaseName, phaseRemark, phaseSign } from './phases.ts';
import { progressSpans, shortId } from './status.ts';

export function showLines(run: Run, now: number, paint: Paint): string[] {
  const began = run.startedAt ?? run.createdAt;
  const spent = duration((run.finishedAt ?? now) - began);
  const rows: [string, string][] = [['Run', run.id]];
  if (run.target !== null) {
    rows.push(['Target', `${run.target.commit.slice(0, 7)} ${run.target.subject ?? ''}`.trim()]);
    rows.push(['', `${run.target.repository} ${run.target.attribute}`]);
  }
  if (run.storePath !== null) rows.push(['Built', run.storePath]);
  if (run.running !== null) rows.push(['Running', run.running]);
  if (run.generation !== null) rows.push(['Generation', String(run.generation)]);
  if (run.tests !== null) {
    const failed = run.tests.failed.length === 0 ? '' : `, failed: ${run.tests.failed.join(', ')}`;
    rows.push(['Tests', `${run.tests.passed} of ${run.tests.total} pass${failed}`]);
  }
  if (!isOutcome(run.state))
    rows.push(['Expires', run.startedAt === null ? absolute(run.expiresAt) : 'no longer: it has begun']);
  return [
    paintSpans([['strong', `${run.verb} on ${run.hostName}`]], paint),
    paintSpans(
      [
        [
          'mute',
          `Started by ${run.createdBy} ${ago(run.createdAt, now)} (${absolute(run.createdAt)}), ${spentWord(run)} ${spent}`,
        ],
      ],
      paint,
    ),
    '',
    ...definitions(rows, paint),
    '',
    ...phaseLines(run, now, paint),
    '',
    ...(isOutcome(run.state)
      ? endLines(run, paint)
      : [
          paintSpans(progressSpans(run, now, 0), paint),
          paintSpans(
            [
              ['plain', '  '],
              ['accent', 'Next:'],
              ['plain', ` nixfleet watch ${shortId(run.id)}`],
            ],
            paint,
          ),
        ]),
  ];
}

const spentWord = (run: Run): string =>
  run.finishedAt !== null ? 'took' : run.startedAt === null ? 'waiting for' : 'running for';

const phaseLines = (run: Run, now: number, paint: Paint): string[] =>
  table(
    [
      { head: '', cell: (p) => [phaseSign(p.status)] },
      {
        head: '',
        cell: (p) => [[p.status === 'todo' || p.status === 'skipped' ? 'mute' : 'plain', phaseName(p.phase)]],
      },
      { head: '', cell: (p) => [['mute', phaseRemark(p, run, now)]] },
    ],
    run.phases,
    { columns: undefined, paint },
  ).slice(1);
