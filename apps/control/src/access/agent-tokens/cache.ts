// Agent tokens known to be valid and already used, by hash, so that a check-in costs no query.
//
// INVARIANTS:
// - Whatever was read from the database before a host was forgotten is not kept after it (`epoch`).
// - A host is forgotten by the change itself in this process, and by the `access_changed` event in every other.

export type KnownToken = {
  hostId: string;
  hash: string;
  /** A rotation waits for the bearer to take up the next token. */
  rotating: boolean;
};

export type TokenCache = {
  find(hash: string): KnownToken | undefined;
  readonly epoch: number;
  /** Keeps it, unless anything was forgotten since `epoch`. */
  keep(token: KnownToken, epoch: number): void;
  forgetHost(hostId: string): void;
};

const MAX_TOKENS = 100_000;

export function makeTokenCache(): TokenCache {
  const byHash = new Map<string, KnownToken>();
  const byHost = new Map<string, string[]>();
  let epoch = 0;
  const clear = (): void => {
    byHash.clear();
    byHost.clear();
  };
  return {
    find: (hash) => byHash.get(hash),
    get epoch() {
      return epoch;
    },
    keep(token, since) {
      if (since !== epoch) return;
      if (byHash.size >= MAX_TOKENS) clear();
      byHash.set(token.hash, token);
      const hashes = byHost.get(token.hostId) ?? [];
      if (!hashes.includes(token.hash)) byHost.set(token.hostId, [...hashes, token.hash]);
    },
    forgetHost(hostId) {
      epoch += 1;
      for (const hash of byHost.get(hostId) ?? []) byHash.delete(hash);
      byHost.delete(hostId);
    },
  };
}
