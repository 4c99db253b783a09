// The tables of runs and their journals, as rows.

export type RunTables = {
  runs: {
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
    /** JSON: what the journal said so far, folded (runs/rules.ts `Fold`). */
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
    output_bytes: number;
    /** Output bytes kept in the head; when it is full, the tail begins at seq `tail_from`. */
    kept_bytes: number;
    dropped_bytes: number;
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
