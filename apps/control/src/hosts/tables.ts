// The tables of hosts and their facts, as rows.

export type HostTables = {
  hosts: {
    id: string;
    /** Lower case, unique among hosts that are not retired. */
    name: string;
    platform: string;
    agent_kind: string;
    /** Raw Ed25519, base64url; null for a legacy agent or a host that never called. */
    public_key: string | null;
    protocol: number | null;
    agent_version: string | null;
    /** JSON array of verbs. */
    capabilities: string;
    attribute: string | null;
    /** The repository URL the agent's own configuration names. */
    repository: string | null;
    target_id: string | null;
    interval_ms: number;
    /** JSON: metadata the agent suggests, and what operators set. The rule that joins them is hosts/rules.ts. */
    reported: string;
    edited: string;
    last_seen_at: number | null;
    enrolled_at: number | null;
    created_at: number;
    retired_at: number | null;
    /** The agent process heard last; a new one has restarted. */
    instance: string | null;
    /** Legacy only: what its last heartbeat claimed, JSON. */
    legacy: string | null;
    /** The run that ended last. */
    last_run_id: string | null;
  };
  facts: {
    host_id: string;
    section: string;
    observed_at: number;
    value: string;
  };
  /** Which closure a commit gives on a host, learnt from builds: two commits with one closure are equally current. */
  builds: {
    host_id: string;
    commit: string;
    attribute: string;
    store_path: string;
    built_at: number;
  };
};
