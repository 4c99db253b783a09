// What this process remembers of hosts between their requests, so that a check-in with nothing to say costs no query.
// All of it may be forgotten at any time: then the database is asked again.

export type Note = {
  /** The bus version of `host:<id>` at which the database had nothing for this host; undefined: not looked yet. */
  quietAt: number | undefined;
  /** When it was heard last, by `ctx.now`; 0: not by this process. */
  heardAt: number;
  /** Whether readers were last told that it is online. */
  online: boolean;
  intervalMs: number;
  instance: string | undefined;
  /** Ends the check-in that is held now. */
  hold: AbortController | undefined;
  /** What was said with an answer and when, so that saying it again does not become a busy loop. */
  told: Map<string, number>;
  /** Running runs the host did not name, since when. */
  missing: Map<string, number>;
  /** When readers were last told that its run makes progress. */
  hintedAt: number;
};

export type Measured = { observedAt: number; value: unknown };

export type Presence = {
  /** The host's note; made when there is none. */
  of(hostId: string): Note;
  find(hostId: string): Note | undefined;
  forget(hostId: string): void;
  all(): IterableIterator<[string, Note]>;
  /** Metrics reported since the last flush; hosts send them with every check-in, so the newest is all that counts. */
  measured: Map<string, Measured>;
  /** Hosts heard since the last flush to the database. */
  heard: Set<string>;
  /** Whether the notes know who was online before this process started. */
  loaded: boolean;
};

export function makePresence(): Presence {
  const notes = new Map<string, Note>();
  return {
    of(hostId) {
      const known = notes.get(hostId);
      if (known) return known;
      const made: Note = {
        quietAt: undefined,
        heardAt: 0,
        online: false,
        intervalMs: 30_000,
        instance: undefined,
        hold: undefined,
        told: new Map(),
        missing: new Map(),
        hintedAt: 0,
      };
      notes.set(hostId, made);
      return made;
    },
    find: (hostId) => notes.get(hostId),
    forget(hostId) {
      notes.get(hostId)?.hold?.abort();
      notes.delete(hostId);
    },
    all: () => notes.entries(),
    measured: new Map(),
    heard: new Set(),
    loaded: false,
  };
}
