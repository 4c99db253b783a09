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
  /** Bearer tokens of hosts. Using one revokes those made before it (docs/decisions: rotation). */
  agent_tokens: {
    id: string;
    host_id: string;
    /** HMAC-SHA-256 of the token with NIXFLEET_AGENT_TOKEN_HASH_SECRET, hex; v1's form. */
    hash: string;
    created_at: number;
    used_at: number | null;
    /** 1: an operator asked for it, and the agent has not taken up a newer token yet. */
    rotating: number;
  };
  /** Enrolment nonces seen, so that a signed enrolment cannot be replayed. */
  nonces: {
    nonce: string;
    seen_at: number;
  };
};
