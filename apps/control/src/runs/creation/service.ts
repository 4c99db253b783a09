// Making runs: for one host or the whole fleet, each host judged by itself, so that one that cannot does not keep the
// others waiting.
import { isDeepStrictEqual } from 'node:util';
import type { Facts } from '@nixfleet/contract/facts.ts';
import { isProblem, Problem, type ProblemCode, toProblemBody } from '@nixfleet/contract/problem.ts';
import type { CreatedRuns, CreateRuns, Run, RunTarget } from '@nixfleet/contract/runs.ts';
import type { Verb } from '@nixfleet/contract/verbs.ts';
import type { Context } from '../../context.ts';
import { transact } from '../../context.ts';
import type { Db, Tx } from '../../db/database.ts';
import { record } from '../../events/service.ts';
import { targetOf, type TargetHead } from '../../hosts/rules.ts';
import { findHostsByRef, type HostRecord, listHostNames, readFacts } from '../../hosts/service.ts';
import { findCommit } from '../../targets/service.ts';
import { admit, type Candidate } from '../admission/rules.ts';
import { emptyFold } from '../journal/rules.ts';
import { recordRunChange } from '../service.ts';
import { insertRuns, listLive, type RunRecord, toRun } from '../store.ts';
import { findSubjects, listTargetHeads } from './read.ts';

export { listTargetHeads };

/** Hosts in one transaction: few enough that others get their turn. */
const CHUNK = 100;

export async function createRuns(ctx: Context, actor: string, ask: CreateRuns): Promise<CreatedRuns> {
  const refs = ask.hosts ?? (await allNames(ctx.db));
  const known = await knownCommit(ctx, ask);
  const results: CreatedRuns['results'] = [];
  for (let from = 0; from < refs.length; from += CHUNK) {
    const chunk = refs.slice(from, from + CHUNK);
    results.push(...(await transact(ctx, (tx) => createIn(ctx, tx, actor, ask, chunk, known))));
  }
  return { results };
}

/** One run for one host, as v1 asks for it. Throws what kept the host from having one. */
export async function createRun(ctx: Context, actor: string, host: string, verb: Verb): Promise<Run> {
  const { results } = await createRuns(ctx, actor, { verb, hosts: [host], args: {} });
  const [only] = results;
  if (only?.run) return only.run;
  if (!only?.problem) throw new Error('each host asked for gets a run or a problem');
  const { code, title, next, issues } = only.problem;
  // The body was made of a Problem a moment ago, so its code is one of ours.
  throw new Problem(code as ProblemCode, title, { ...(next ? { next } : {}), ...(issues ? { issues } : {}) });
}

async function allNames(db: Db): Promise<string[]> {
  const names: string[] = [];
  for (
    let page = await listHostNames(db, '', 1000);
    page.length > 0;
    page = await listHostNames(db, page.at(-1) ?? '', 1000)
  )
    names.push(...page);
  return names;
}

/** The targets whose mirror has the commit asked for. Asked before the transaction: it may run Git. */
async function knownCommit(ctx: Context, { args: { commit } }: CreateRuns): Promise<(targetId: string) => boolean> {
  if (commit === undefined) return () => true;
  const known = new Set<string>();
  for (const { id } of await listTargetHeads(ctx.db)) if (await findCommit(ctx, id, commit)) known.add(id);
  return (id) => known.has(id);
}

async function createIn(
  ctx: Context,
  tx: Tx,
  actor: string,
  ask: CreateRuns,
  refs: readonly string[],
  knows: (targetId: string) => boolean,
): Promise<CreatedRuns['results']> {
  const hosts = await findHostsByRef(tx, refs);
  const ids = [...new Set([...hosts.values()].map((h) => h.id))];
  const heads = await listTargetHeads(tx);
  const facts = await readFacts(tx, ids, ['config', 'system']);
  const live = Map.groupBy(await listLive(tx, ids), (run) => run.hostId);
  const made: RunRecord[] = [];
  const results = refs.map((ref): { host: string; run?: RunRecord; problem?: Problem; of?: HostRecord } => {
    const host = hosts.get(ref);
    if (!host) return { host: ref, problem: unknownHost(ref) };
    const mine = live.get(host.id) ?? [];
    const waiting = mine.filter((run) => run.state === 'queued').length;
    try {
      const candidate = candidateOf(ctx, host, heads, facts.get(host.id) ?? {}, waiting);
      const pinned = admit(candidate, ask.verb, ask.args);
      if (ask.args.commit !== undefined && pinned?.targetId && !knows(pinned.targetId)) throw unknownCommit(candidate);
      const twin = twinOf(mine.at(-1), ask, pinned?.commit);
      const run = twin ?? newRun(ctx, host.id, actor, ask, pinned && { ...pinned, subject: null });
      if (!twin) made.push(run);
      if (!twin) live.set(host.id, [...mine, run]);
      return { host: ref, run, of: host };
    } catch (error) {
      if (!isProblem(error)) throw error;
      return { host: ref, problem: error };
    }
  });
  await keep(ctx, tx, made, new Map([...hosts.values()].map((h) => [h.id, h])));
  return results.map(({ host, run, problem, of }) => ({
    host,
    ...(run && of ? { run: toRun(run, of.name, ctx.now()) } : {}),
    ...(problem ? { problem: toProblemBody(problem) } : {}),
  }));
}

export function candidateOf(
  ctx: Context,
  host: HostRecord,
  heads: readonly TargetHead[],
  facts: Facts,
  queued: number,
): Candidate {
  return {
    name: host.name,
    agentKind: host.agentKind,
    capabilities: host.capabilities,
    attribute: host.attribute,
    enrolled: host.enrolledAt !== null,
    retired: host.retiredAt !== null,
    ...targetOf(host, heads),
    pulled: facts.config?.value.commit ?? null,
    running: facts.system?.value.commit ?? null,
    queued,
    maxQueued: ctx.config.maxQueued,
  };
}

const unknownHost = (ref: string): Problem =>
  new Problem('host_not_found', `There is no host ${ref}`, { next: 'nixfleet hosts lists those known' });

const unknownCommit = (c: Candidate): Problem =>
  new Problem('invalid', `The target ${c.target?.name ?? ''} does not have this commit.`, {
    issues: [{ path: 'body.args.commit', message: 'not a commit of the host’s target' }],
    next: 'Push it, then refresh the target.',
  });

/** Two clicks for the same thing are one run, as long as nothing stands between them and the host has not begun it. */
function twinOf(newest: RunRecord | undefined, ask: CreateRuns, commit: string | undefined): RunRecord | undefined {
  const same =
    newest !== undefined &&
    (newest.state === 'queued' || newest.state === 'offered') &&
    newest.cancelRequestedAt === null &&
    newest.verb === ask.verb &&
    newest.target?.commit === commit &&
    isDeepStrictEqual(newest.args, JSON.parse(JSON.stringify(ask.args)));
  return same ? newest : undefined;
}

function newRun(ctx: Context, hostId: string, actor: string, ask: CreateRuns, target: RunTarget | null): RunRecord {
  const now = ctx.now();
  return {
    // Given by the database; nothing reads it before then.
    number: 0,
    id: ctx.newId('run'),
    hostId,
    verb: ask.verb,
    args: ask.args,
    target,
    state: 'queued',
    reason: null,
    fold: emptyFold(),
    createdBy: actor,
    createdAt: now,
    offeredAt: null,
    leaseUntil: null,
    attempt: 0,
    startedAt: null,
    finishedAt: null,
    expiresAt: now + (ask.expiresInMs ?? ctx.config.runExpiryMs),
    cancelRequestedAt: null,
    outputBytes: 0,
    droppedBytes: 0,
    tailFrom: null,
  };
}

async function keep(ctx: Context, tx: Tx, made: readonly RunRecord[], hosts: Map<string, HostRecord>): Promise<void> {
  const targets = made.flatMap((run) => run.target ?? []);
  const subjects = await findSubjects(
    tx,
    [...new Set(targets.flatMap((t) => t.targetId ?? []))],
    [...new Set(targets.map((t) => t.commit))],
  );
  for (const target of targets) target.subject = subjects.get(target.commit) ?? null;
  await insertRuns(tx, made);
  for (const run of made) {
    const tests = run.verb === 'test' ? { test_running: true, test_current: 0, test_total: 0 } : {};
    const body = { host_id: hosts.get(run.hostId)?.name ?? run.hostId, pending_command: run.verb, ...tests };
    await record(ctx, tx, { name: 'command_queued', hostId: run.hostId, runId: run.id, body });
    await recordRunChange(ctx, tx, run);
  }
}
