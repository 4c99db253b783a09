// Runs: one execution of one verb on one host. What an operator asks, what the control plane keeps and shows.
import * as z from 'zod';
import {
  Attribute,
  Commit,
  HostId,
  HostName,
  HostRef,
  Millis,
  RepositoryUrl,
  RunId,
  StorePath,
  TargetId,
} from './names.ts';
import { JournalEntry, Outcome, TestSummary } from './journal.ts';
import { next, PageQuery } from './paging.ts';
import { ProblemBody } from './problem.ts';
import { Phase, Verb } from './verbs.ts';

/** queued: waits for the host; offered: handed over under a lease, nothing heard yet; running: its journal has begun. */
export const LiveState = z.enum(['queued', 'offered', 'running']);
export type LiveState = z.infer<typeof LiveState>;
export const RunState = z.enum([...LiveState.options, ...Outcome.options]);
export type RunState = z.infer<typeof RunState>;

/** Options of a verb. Those that a verb does not know are refused. */
export const RunArgs = z.strictObject({
  test: z.boolean().optional().describe('run the host’s tests before confirming, even if the host does not require it'),
  generation: z
    .int()
    .min(1)
    .optional()
    .describe('rollback only: the generation to return to; default the previous one'),
  commit: Commit.optional().describe('deploy this commit of the host’s target instead of its newest'),
  force: z.boolean().optional().describe('deploy a closure that is quarantined after a rollback'),
});
export type RunArgs = z.infer<typeof RunArgs>;

/** What is deployed, pinned when the run is created; `storePath` is known once built. */
export const RunTarget = z.object({
  targetId: TargetId.nullable(),
  repository: RepositoryUrl,
  commit: Commit,
  attribute: Attribute,
  subject: z.string().nullable(),
});
export type RunTarget = z.infer<typeof RunTarget>;

export const Progress = z.object({
  done: z.int(),
  expected: z.int(),
  running: z.int(),
  failed: z.int(),
  bytesDone: z.int(),
  bytesExpected: z.int(),
  current: z.string().optional(),
});
export type Progress = z.infer<typeof Progress>;

export const RunPhase = z.object({
  phase: Phase,
  status: z.enum(['todo', 'now', 'done', 'failed', 'skipped']),
  startedAt: Millis.nullable(),
  durationMs: z.int().nullable(),
  reason: z.string().nullable(),
});
export type RunPhase = z.infer<typeof RunPhase>;

export const Run = z.object({
  id: RunId,
  hostId: HostId,
  hostName: HostName,
  verb: Verb,
  args: RunArgs,
  target: RunTarget.nullable(),
  state: RunState,
  /** One sentence: why it ended as it did, or why it still waits. Never secret. */
  reason: z.string().nullable(),
  phase: Phase.nullable(),
  phases: z.array(RunPhase),
  progress: Progress.nullable(),
  /** Tests while they run: the script being run, as X of N; and the summary once they ended. */
  tests: TestSummary.nullable(),
  storePath: StorePath.nullable(),
  running: StorePath.nullable(),
  generation: z.int().nullable(),
  /** The warn deadline of its verb has passed and it still runs. */
  slow: z.boolean(),
  cancelRequestedAt: Millis.nullable(),
  attempt: z.int().describe('how often it was handed over'),
  journalNext: z.int().describe('entries received; the next expected seq'),
  outputBytes: z.int().describe('output received, bytes'),
  droppedBytes: z.int().describe('output left out of what is kept, bytes'),
  createdBy: z.string(),
  createdAt: Millis,
  offeredAt: Millis.nullable(),
  startedAt: Millis.nullable(),
  finishedAt: Millis.nullable(),
  expiresAt: Millis,
});
export type Run = z.infer<typeof Run>;

export const CreateRuns = z
  .strictObject({
    verb: Verb,
    hosts: z.array(HostRef).min(1).max(1000).optional(),
    all: z.literal(true).optional(),
    args: RunArgs.default({}),
    /** How long it may wait for its host, milliseconds; default 24 h, at most 30 d. */
    expiresInMs: z
      .int()
      .min(1000)
      .max(30 * 86_400_000)
      .optional(),
  })
  .refine((b) => (b.hosts === undefined) !== (b.all === undefined), {
    message: 'name either `hosts` or `all: true`',
  });
export type CreateRuns = z.infer<typeof CreateRuns>;

/** One entry per host asked for, in the order asked: either its run or the problem that kept it from having one. */
export const CreatedRuns = z.object({
  results: z.array(z.object({ host: z.string(), run: Run.optional(), problem: ProblemBody.optional() })),
});
export type CreatedRuns = z.infer<typeof CreatedRuns>;

export const RunQuery = PageQuery.extend({
  host: HostRef.optional(),
  state: RunState.optional(),
  verb: Verb.optional(),
  live: z.stringbool().optional().describe('only runs that have not ended'),
});
export type RunQuery = z.infer<typeof RunQuery>;

/** Newest first. */
export const RunPage = z.object({ runs: z.array(Run), next });
export type RunPage = z.infer<typeof RunPage>;

export const JournalQuery = z.object({
  after: z.coerce.number().int().min(-1).default(-1).describe('the last seq the reader has; -1 for none'),
  limit: z.coerce.number().int().min(1).max(5000).default(1000),
});
export type JournalQuery = z.infer<typeof JournalQuery>;

export const JournalPage = z.object({
  runId: RunId,
  entries: z.array(JournalEntry),
  /** The seq to ask after next; equals the request’s `after` when nothing is newer. */
  last: z.int(),
  ended: z.boolean(),
});
export type JournalPage = z.infer<typeof JournalPage>;
