// An operator who is signed in with an API token, as the CLI is; tries again while the control plane is away, and later when
// it says that it was asked too often.
import type * as z from 'zod';
import { CreatedToken, Session } from '@nixfleet/contract/access.ts';
import { Host, HostPage } from '@nixfleet/contract/hosts.ts';
import { ProblemBody } from '@nixfleet/contract/problem.ts';
import { CreatedRuns, type CreateRuns, JournalPage, Run } from '@nixfleet/contract/runs.ts';
import { TargetList } from '@nixfleet/contract/targets.ts';
import { pause } from '@nixfleet/kit/backoff.ts';

export type Operator = {
  token: string;
  call<S extends z.ZodType>(shape: S, method: string, path: string, body?: unknown): Promise<z.output<S>>;
  refresh(): Promise<string>;
  run(request: z.input<typeof CreateRuns>): Promise<Run[]>;
  getRun(id: string): Promise<Run>;
  journal(id: string): Promise<JournalPage['entries']>;
  host(name: string): Promise<Host>;
  hosts(): Promise<Host[]>;
  /** The run once it has ended. */
  ended(id: string, ms?: number): Promise<Run>;
};

export class Refused extends Error {
  readonly problem: ProblemBody;
  constructor(problem: ProblemBody) {
    super(`${problem.status} ${problem.code}: ${problem.title}`);
    this.problem = problem;
  }
}

const AWAY_MS = 70_000;

/** When to ask again, if at all: a control plane that is away (fetch throws TypeError) or that says when. */
function againMs(error: unknown): number | undefined {
  if (error instanceof TypeError) return 100;
  if (!(error instanceof Refused) || error.problem.code !== 'rate_limited') return undefined;
  return Number(error.problem.details?.['retryAfterMs'] ?? 1000);
}

export async function signIn(url: string, password: string): Promise<Operator> {
  const signedIn = await fetch(`${url}/api/login`, json({ password }));
  const session = Session.parse(await signedIn.json());
  const cookie = signedIn.headers
    .getSetCookie()
    .map((c) => c.split(';')[0])
    .join('; ');
  const made = await fetch(
    `${url}/api/tokens`,
    json({ name: 'loop' }, { cookie, 'x-csrf-token': session.csrfToken ?? '' }),
  );
  const { token } = CreatedToken.parse(await made.json());
  const headers = { authorization: `Bearer ${token}` };

  const call: Operator['call'] = async (shape, method, path, body) => {
    const since = performance.now();
    for (;;) {
      try {
        const answer = await fetch(`${url}${path}`, {
          ...(body === undefined ? { headers } : json(body, headers)),
          method,
          signal: AbortSignal.timeout(10_000),
        });
        const text = await answer.text();
        if (!answer.ok) throw new Refused(ProblemBody.parse(JSON.parse(text)));
        return shape.parse(text === '' ? undefined : JSON.parse(text));
      } catch (error) {
        const again = againMs(error);
        if (again === undefined || performance.now() - since > AWAY_MS) throw error;
        await pause(again);
      }
    }
  };
  const getRun = (id: string): Promise<Run> => call(Run, 'GET', `/api/runs/${id}`);
  return {
    token,
    call,
    getRun,
    async refresh() {
      const { targets } = await call(TargetList, 'POST', '/api/targets/refresh');
      const head = targets[0]?.head?.commit;
      if (!head) throw new Error(`the target has no commit: ${targets[0]?.error}`);
      return head;
    },
    async run(request) {
      const { results } = await call(CreatedRuns, 'POST', '/api/runs', request);
      return results.map((r) => {
        if (r.problem) throw new Refused(r.problem);
        return Run.parse(r.run);
      });
    },
    async journal(id) {
      const entries: JournalPage['entries'] = [];
      for (;;) {
        const after = entries.at(-1)?.seq ?? -1;
        const page = await call(JournalPage, 'GET', `/api/runs/${id}/journal?after=${after}&limit=5000`);
        if (page.entries.length === 0) return entries;
        entries.push(...page.entries);
      }
    },
    host: (name) => call(Host, 'GET', `/api/hosts/${name}`),
    hosts: async () => (await call(HostPage, 'GET', '/api/hosts?limit=500')).hosts,
    async ended(id, ms = 60_000) {
      const since = performance.now();
      for (;;) {
        const run = await getRun(id);
        if (run.finishedAt !== null) return run;
        if (performance.now() - since > ms)
          throw new Error(`run ${id} (${run.verb}) is still ${run.state} in ${run.phase} after ${ms} ms`);
        await pause(250);
      }
    },
  };
}

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
