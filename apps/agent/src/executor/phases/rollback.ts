// rollback: which generation of the profile to return to. Nothing is fetched, evaluated or built.
import { observePlaces } from '../../platforms/observe.ts';
import { quarantine } from './build.ts';
import { done, fail, refuse, type Run, type Verdict } from '../run.ts';

export function chooseGeneration(run: Run): Verdict {
  const { generations, generation: current } = observePlaces(run.places);
  const { generation: asked } = run.order.args;
  const chosen =
    asked === undefined
      ? generations.findLast((g) => current !== null && g.number < current)
      : generations.find((g) => g.number === asked);
  if (!chosen) {
    const which =
      asked === undefined ? 'there is no generation before the current one' : `there is no generation ${asked}`;
    const list = generations.map((g) => (g.current ? `${g.number} (current)` : String(g.number))).join(', ');
    return fail(`${which}; this host has: ${list === '' ? 'none' : list}`.slice(0, 2000));
  }
  run.found.to = chosen.storePath;
  const reason = quarantine(run, chosen.storePath);
  return reason === undefined ? done() : refuse(reason);
}
