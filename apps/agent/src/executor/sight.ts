// What is seen on the host at one moment: the links, and the units that were healthy before the change and are not now.
import { existsSync } from 'node:fs';
import * as z from 'zod';
import { readDocument, writeDocument } from '../state/documents.ts';
import { drivers } from '../platforms/table.ts';
import { observePlaces } from '../platforms/observe.ts';
import { runChild } from './child.ts';
import type { Run } from './run.ts';
import type { Seen } from './rules.ts';

const SYSTEMCTL_MS = 20_000;

export const UnitsDocument = z.array(z.string());

/** Units systemd calls failed, where systemd runs. One whose file is gone is part of no system: systemd only remembers it. */
async function failedNow(run: Run): Promise<string[]> {
  if (!existsSync('/run/systemd/system')) return [];
  const whose = drivers[run.config.platform].units === 'user' ? ['--user'] : [];
  const args = [...whose, 'list-units', '--failed', '--plain', '--no-legend', '--no-pager'];
  const r = await runChild(run, ['systemctl', ...args], { deadlineMs: SYSTEMCTL_MS, signal: null });
  const units = r.stdout.split('\n').map((line) => line.trim().split(/\s+/));
  const there = units.flatMap(([name = '', load]) => (name === '' || load === 'not-found' ? [] : [name]));
  return r.code === 0 ? there : [];
}

/** Remembers, also for a recovery, which units are not to be blamed on this run. */
export async function noteFailedUnits(run: Run): Promise<void> {
  run.found.failedBefore = await failedNow(run);
  run.journal.withReserve(() => writeDocument(run.folder.before, UnitsDocument, [...run.found.failedBefore]));
}

export const recallFailedUnits = (run: Run): void => {
  run.found.failedBefore = readDocument(run.folder.before, UnitsDocument) ?? [];
};

export async function see(run: Run): Promise<Seen> {
  const { running, profile, generation } = observePlaces(run.places);
  const before = new Set(run.found.failedBefore);
  const broken = new Set([...(await failedNow(run)), ...run.found.named].filter((unit) => !before.has(unit)));
  return { running, profile, generation, broken: [...broken].map((unit) => unit.slice(0, 256)).slice(0, 1000) };
}

/** Sees, and writes it into the journal. `matches`: is it what shall run now, the target or, on the way back, the previous system? */
export async function observe(run: Run, matches: (seen: Seen) => boolean): Promise<Seen> {
  const seen = await see(run);
  run.journal.append({ kind: 'observed', ...seen, broken: [...seen.broken], matches: matches(seen) });
  return seen;
}
