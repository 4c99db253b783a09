// RUN on the command line: a whole id, its beginning or its end, or a host's name for that host's latest run.
import { HostName, RunId } from '@nixfleet/contract/names.ts';
import { Run, RunPage } from '@nixfleet/contract/runs.ts';
import { allPages, type Api, get } from '../api/client.ts';
import { exit, Failure, usage } from '../api/failure.ts';
import { shortId } from './status.ts';

/** How far back an abbreviation is looked for. */
const SEARCHED = 5000;
const PAGE = 500;
const MIN_ABBREVIATION = 4;

export const getRun = (api: Api, id: string): Promise<Run> => get(api, `/api/runs/${encodeURIComponent(id)}`, Run);

/** Pure: those whose id begins or ends with `text`, with or without `run_`. */
export function matching<R extends { id: string }>(runs: readonly R[], text: string): R[] {
  const wanted = text.toLowerCase();
  return runs.filter(({ id }) => id.startsWith(wanted) || id.startsWith(`run_${wanted}`) || id.endsWith(wanted));
}

export async function findRun(api: Api, text: string): Promise<Run> {
  if (RunId.safeParse(text).success) return getRun(api, text);
  const latest = await latestRunOf(api, text);
  if (latest !== undefined) return latest;
  if (!/^(?:run_)?[0-9a-f-]+$/i.test(text) || text.replace(/^run_/, '').length < MIN_ABBREVIATION)
    throw usage(`${text} is neither a run nor a host that ever ran anything`, 'nixfleet runs, or nixfleet hosts');
  const runs = await allPages(
    (after) => get(api, '/api/runs', RunPage, { limit: PAGE, after }),
    (page) => page.runs,
    SEARCHED,
  );
  const found = matching(runs, text);
  const [first] = found;
  if (first === undefined)
    throw new Failure(exit.problem, `No run among the newest ${runs.length} begins or ends with ${text}`, {
      next: 'nixfleet runs',
    });
  if (found.length > 1)
    throw usage(
      `${text} means ${found.length} runs`,
      `say more of it: ${found
        .slice(0, 5)
        .map((r) => shortId(r.id))
        .join(', ')}`,
    );
  return first;
}

/** Undefined where there is no such host, or nothing ever ran on it. */
async function latestRunOf(api: Api, name: string): Promise<Run | undefined> {
  if (!HostName.safeParse(name).success) return undefined;
  try {
    return (await get(api, '/api/runs', RunPage, { host: name, limit: 1 })).runs[0];
  } catch (error) {
    if (error instanceof Failure && error.code === 'host_not_found') return undefined;
    throw error;
  }
}
