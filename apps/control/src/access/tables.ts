// The tables of who may call, as rows. Only hashes of secrets are stored.

export type AccessTables = {
  sessions: {
    /** SHA-256 of the session token, hex. */
    hash: string;
    actor: string;
    csrf: string;
    created_at: number;
    expires_at: number;
  };
  api_tokens: {
    id: string;
    name: string;
    /** HMAC-SHA-256 of the token, hex. */
    hash: string;
    created_at: number;
    expires_at: number | null;
    last_used_at: number | null;
  };
  /** Bearer tokens of hosts. Using one ends those made before it (access/agent-tokens/service.ts). */
  agent_tokens: {
    id: string;
    host_id: string;
    /** HMAC-SHA-256 of the token with NIXFLEET_AGENT_TOKEN_HASH_SECRET, hex; v1's form. */
    hash: string;
    /** Strictly grows among the tokens of one host, whatever the clock does. */
    created_at: number;
    used_at: number | null;
    /** enrol: given to an agent that enrolled; operator: shown to an operator; offer: given in exchange for `next_of`. */
    origin: string;
    /** Hash of the token whose bearer this one was offered to. */
    next_of: string | null;
    /** 1: an operator asked for a rotation, and the agent has not taken up a newer token yet. */
    rotating: number;
    /** Revoked rows stay until the next token is used: they prove that this host once had its own. */
    revoked_at: number | null;
  };
  /** Enrolment nonces seen, so that a signed enrolment cannot be replayed. */
  nonces: {
    nonce: string;
    seen_at: number;
  };
};
