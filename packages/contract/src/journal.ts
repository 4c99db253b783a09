// A run's journal: the ordered, append-only record its executor writes on the host, one JSON object a line. The state of
// a run is a function of it; the control plane never invents an entry.
import * as z from 'zod';
import { Commit, Millis, StorePath } from './names.ts';
import { Phase } from './verbs.ts';

/**
 * How a run ended. They never collapse into each other:
 * succeeded — the goal was observed; rolled_back — the change ran and was taken back, the previous system runs;
 * half_activated — neither system runs completely, hands are needed; failed — it did not work and nothing changed;
 * refused — a rule of the host forbade it before anything was evaluated; interrupted — the executor ended without a
 * result and nothing changed; cancelled — an operator stopped it before anything changed; timed_out — the hard deadline
 * passed before anything changed; expired — it was never delivered in time.
 */
export const Outcome = z.enum([
  'succeeded',
  'rolled_back',
  'half_activated',
  'failed',
  'refused',
  'interrupted',
  'cancelled',
  'timed_out',
  'expired',
]);
export type Outcome = z.infer<typeof Outcome>;

const entry = <K extends string, S extends z.core.$ZodLooseShape>(kind: K, shape: S) =>
  z.object({
    /** Position in the run's journal, from 0, without gaps. */
    seq: z.int().min(0),
    /** The host's own clock, milliseconds; for reading only, never for deciding. */
    at: Millis,
    kind: z.literal(kind),
    ...shape,
  });

const reason = z.string().max(4000);
const unit = z.string().max(256);
const bytes = z.int();

/** A package that a deployment adds, removes or changes; versions in the order of the closure, `null` on the side it is absent. */
export const PackageChange = z.object({
  name: z.string().max(256),
  from: z.string().max(512).nullable(),
  to: z.string().max(512).nullable(),
  /** Change of the closure's size by this package, bytes. */
  sizeDelta: bytes,
});
export type PackageChange = z.infer<typeof PackageChange>;

export const TestSummary = z.object({
  passed: z.int().min(0),
  total: z.int().min(0),
  failed: z.array(z.string().max(256)).max(1000),
});
export type TestSummary = z.infer<typeof TestSummary>;

export const JournalEntry = z.discriminatedUnion('kind', [
  /** The executor is alive and owns the run; always entry 0. */
  entry('started', { executor: z.enum(['systemd', 'launchd', 'detached', 'legacy']), pid: z.int().min(0) }),
  entry('phase_started', { phase: Phase }),
  entry('phase_ended', {
    phase: Phase,
    status: z.enum(['done', 'failed', 'skipped']),
    durationMs: z.int().min(0),
    reason: reason.optional(),
  }),
  /** Absolute numbers, never increments. `bytes*` count downloads and copies. */
  entry('progress', {
    phase: Phase,
    done: z.int().min(0),
    expected: z.int().min(0),
    running: z.int().min(0),
    failed: z.int().min(0),
    bytesDone: bytes.min(0),
    bytesExpected: bytes.min(0),
    current: z.string().max(512).optional(),
  }),
  /** Text a program wrote: whole lines, `\n` between them, none at the end; at most 16 KiB. */
  entry('output', { phase: Phase, stream: z.enum(['stdout', 'stderr']), text: z.string().max(16_384) }),
  /** Output was left out here, by the host or by the control plane. */
  entry('gap', { phase: Phase, droppedBytes: bytes.min(0) }),
  entry('verified', { commit: Commit, subject: z.string().max(500), signer: z.string().max(256).nullable() }),
  entry('built', { storePath: StorePath }),
  entry('diff', {
    from: StorePath.nullable(),
    to: StorePath,
    packages: z.array(PackageChange).max(5000),
    closureSize: bytes.min(0),
    sizeDelta: bytes,
    /** What dry-activate says would stop, start, restart or reload; only of `plan`. */
    units: z.array(z.string().max(1000)).max(2000).optional(),
  }),
  /** Written and synced before the profile moves: what runs now and what shall run. The way back is read from here. */
  entry('intent', {
    from: StorePath.nullable(),
    fromGeneration: z.int().min(0).nullable(),
    to: StorePath,
    toGeneration: z.int().min(0).nullable(),
  }),
  entry('activated', {
    exitCode: z.int().nullable(),
    signal: z.string().max(32).nullable(),
    units: z.array(unit).max(1000),
  }),
  /** What really runs, read after the fact. `broken` units were healthy before and are not now. */
  entry('observed', {
    running: StorePath.nullable(),
    profile: StorePath.nullable(),
    generation: z.int().min(0).nullable(),
    matches: z.boolean(),
    broken: z.array(unit).max(1000),
  }),
  /** One of the host's test scripts ended (`ok` set) or starts (`ok` null). */
  entry('test', {
    name: z.string().max(256),
    index: z.int().min(1),
    total: z.int().min(1),
    passed: z.int().min(0),
    ok: z.boolean().nullable(),
    durationMs: z.int().min(0),
    reason: reason.optional(),
  }),
  entry('confirming', { windowMs: z.int().min(0) }),
  entry('confirmed', {}),
  entry('warned', { reason }),
  /** Always the last entry, exactly once. */
  entry('result', {
    outcome: Outcome,
    reason,
    /** The phase it ended in, if it did not succeed. */
    phase: Phase.nullable(),
    running: StorePath.nullable(),
    generation: z.int().min(0).nullable(),
    tests: TestSummary.nullable(),
  }),
]);
export type JournalEntry = z.infer<typeof JournalEntry>;
export type EntryKind = JournalEntry['kind'];
export type EntryOf<K extends EntryKind> = Extract<JournalEntry, { kind: K }>;
/** An entry before the writer gave it its place and time. */
export type EntryBody = JournalEntry extends infer E ? (E extends JournalEntry ? Omit<E, 'seq' | 'at'> : never) : never;
