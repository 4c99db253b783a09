// The tables of runs and their journals, as rows.
import type { Generated } from 'kysely';

export type RunTables = {
  runs: {
    /** The order in which runs were asked for, which no clock can change; ids carry a time and are not used for order. */
    number: Generated<number>;
    id: string;
    host_id: string;
    verb: string;
    args: string;
    target_id: string | null;
    repository: string | null;
    commit: string | null;
    attribute: string | null;
    subject: string | null;
    state: string;
    /** 1 while queued, offered or running: one index finds all that is alive. */
    live: number;
    reason: string | null;
    phase: string | null;
    /** JSON: what the journal said so far, folded (runs/journal/rules.ts `Fold`). */
    fold: string;
    created_by: string;
    created_at: number;
    offered_at: number | null;
    lease_until: number | null;
    attempt: number;
    started_at: number | null;
    finished_at: number | null;
    expires_at: number;
    cancel_requested_at: number | null;
    /** The next seq expected. */
    journal_next: number;
    /** Output received, and of it what is not kept. */
    output_bytes: number;
    dropped_bytes: number;
    /** The first seq of the tail, once the head is full: what is left out is left out from here on. */
    tail_from: number | null;
  };
  journal: {
    run_id: string;
    seq: number;
    at: number;
    kind: string;
    /** JSON of the entry without seq, at and kind. */
    body: string;
    /** Bytes of output text in it, 0 for every other kind. */
    bytes: number;
  };
};
