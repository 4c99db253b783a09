// The end of a run: what a success leaves behind for later runs, and the one result.
import { rmSync } from 'node:fs';
import type { Phase } from '@nixfleet/contract/verbs.ts';
import { observePlaces } from '../platforms/observe.ts';
import { DeployedDocument, QuarantineDocument, readDocument, writeDocument } from '../state/documents.ts';
import type { Ending } from './rules.ts';
import { keepForLater, type Run } from './run.ts';

/** Remembers which commit a closure came from, and the newest that was deployed. A rollback does not make older commits the newest. */
export function rememberDeployed(run: Run): void {
  const { to, commit } = run.found;
  if (to === undefined || commit === undefined || run.order.verb === 'rollback') return;
  const known = readDocument(run.state.deployed, DeployedDocument);
  const at = Math.round(run.host.now());
  const kept = new Set(observePlaces(run.places).generations.map((g) => g.storePath));
  const commits = Object.fromEntries(Object.entries(known?.commits ?? {}).filter(([path]) => kept.has(path)));
  const deployed = { last: { commit, storePath: to, at }, commits: { ...commits, [to]: commit } };
  keepForLater(run, () => writeDocument(run.state.deployed, DeployedDocument, deployed));
  const { [to]: forgiven, ...quarantined } = readDocument(run.state.quarantine, QuarantineDocument) ?? {};
  if (forgiven) keepForLater(run, () => writeDocument(run.state.quarantine, QuarantineDocument, quarantined));
}

/** Writes the result and puts the run's tools away. Whatever is left lying goes with the folder. */
export function conclude(run: Run, { outcome, reason }: Ending, phase: Phase | null): void {
  const { running, generation } = observePlaces(run.places);
  const where = outcome === 'succeeded' ? null : phase;
  const why =
    run.journal.full && outcome !== 'succeeded' && !/no space left/i.test(reason) ? `no space left; ${reason}` : reason;
  const { tests } = run.found;
  run.journal.append({ kind: 'result', outcome, reason: why.slice(0, 4000), phase: where, running, generation, tests });
  for (const path of [run.folder.checkout, run.folder.child, run.folder.result, run.folder.previous])
    rmSync(path, { recursive: true, force: true });
}
