// diff: what the new closure changes against the one that runs; for `plan` also what activating it would do to units.
import { drivers } from '../../platforms/table.ts';
import { observePlaces } from '../../platforms/observe.ts';
import { NIX } from './build.ts';
import { runChild, runLogged } from '../child.ts';
import { type Closure, diffClosures, readClosure } from '../closure-diff.ts';
import { done, needed, type Run, type Verdict } from '../run.ts';
import { plannedUnits } from '../switch-output.ts';

const QUERY_MS = 120_000;
const DRY_MS = 300_000;

export async function diff(run: Run): Promise<Verdict> {
  const to = needed(run.found.to, 'the new closure');
  const from = observePlaces(run.places).running;
  const before = from === null ? new Map<string, number>() : await closureOf(run, from).catch(() => undefined);
  const after = await closureOf(run, to);
  if (!before)
    run.journal.append({ kind: 'warned', reason: `${from} is not in the store any more: all counts as new` });
  const units = run.order.verb === 'plan' ? await dryActivate(run, to) : undefined;
  run.journal.append({
    kind: 'diff',
    from,
    to,
    ...diffClosures(before ?? new Map(), after),
    ...(units ? { units } : {}),
  });
  return done();
}

async function closureOf(run: Run, path: string): Promise<Closure> {
  const command = [...NIX, 'path-info', '--recursive', '--json', path] as const;
  const r = await runChild(run, command, { deadlineMs: QUERY_MS, maxBytes: 256 * 1024 * 1024 });
  if (r.code !== 0) throw new Error(`the closure of ${path} cannot be read: ${r.stderr.trim().slice(-500)}`);
  return readClosure(r.stdout);
}

/** undefined where the platform has no such thing. */
async function dryActivate(run: Run, to: string): Promise<string[] | undefined> {
  const command = drivers[run.config.platform].dryActivation?.(to);
  if (!command) return undefined;
  const lines: string[] = [];
  const r = await runLogged(run, 'diff', command, { deadlineMs: DRY_MS, onLine: (line) => lines.push(line) });
  if (r.code !== 0) run.journal.append({ kind: 'warned', reason: `the dry activation ended with exit code ${r.code}` });
  return plannedUnits(lines);
}
