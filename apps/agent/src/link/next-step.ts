// Which executor to start, if any: pure. One at a time on a host; what began is brought to its end before anything else.

export type Sight = {
  id: string;
  /** An executor took the run, once and for all. */
  started: boolean;
  /** The result is in the journal. */
  ended: boolean;
  /** An executor of this run is alive, or was started so recently that it may not have shown itself yet. */
  busy: boolean;
};

export type Step = { mode: 'execute' | 'recover'; id: string };

export function nextStep(runs: readonly Sight[]): Step | undefined {
  const open = runs.filter((run) => !run.ended).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (open.some((run) => run.busy)) return undefined;
  const begun = open.find((run) => run.started);
  if (begun) return { mode: 'recover', id: begun.id };
  return open[0] && { mode: 'execute', id: open[0].id };
}
