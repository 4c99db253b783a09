// Hosts that got no run: what a fleet has in common is said once, not three hundred times.
import type { CreatedRuns } from '@nixfleet/contract/runs.ts';
import { Failure, fromProblem } from '../api/failure.ts';

const NAMED = 5;

/** One failure per kind of problem, in the order asked. */
export function refusals(results: CreatedRuns['results'], url: string): Failure[] {
  const refused = results.flatMap(({ host, problem }) => (problem === undefined ? [] : [{ host, problem }]));
  return [...Map.groupBy(refused, ({ problem }) => problem.code).values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const failure = fromProblem(first.problem, url);
    const title = `No run for ${namesOf(alike.map(({ host }) => host))}`;
    return [new Failure(failure.status, title, { ...failure.parts, why: first.problem.title }, failure.code)];
  });
}

const namesOf = (names: readonly string[]): string =>
  names.length <= NAMED ? names.join(', ') : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`;
