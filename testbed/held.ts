// Deployments held at a place of their way, so that a test can do something to the host exactly there.
import type { Run } from '@nixfleet/contract/runs.ts';
import type { EntryKind } from '@nixfleet/contract/journal.ts';
import { hostJournal } from './agent.ts';
import type { Machine } from './machine.ts';
import { hold, type System } from './sample.ts';
import { until } from './until.ts';
import { order, type World } from './world.ts';

/** In the builder, at points of the activation, or waiting for a confirmation that cannot come: the cable is out. */
export const places = ['build', 'start', 'before', 'during', 'after', 'end', 'confirm'] as const;
export type Place = (typeof places)[number];

export type Held = { run: Run; release: () => Promise<void> };

/** Orders a system and resolves when its deployment stands at the place. */
export async function holdAt(world: World, place: Place, next: System): Promise<Held> {
  const { machine } = world;
  if (place === 'confirm') return holdInConfirm(world, next);
  const point = await hold(machine, place === 'build' ? place : `${place}-${next.label}`);
  const { run } = await order(world, next);
  await point.reached();
  return { run, release: () => point.release() };
}

async function holdInConfirm(world: World, next: System): Promise<Held> {
  const { machine } = world;
  const { run, release } = await holdAt(world, 'after', next);
  await machine.unplug();
  await release();
  await journaled(machine, run.id, 'confirming');
  return { run, release: () => machine.plug() };
}

/** Waits until the run's journal on the host has an entry of this kind. */
export const journaled = (machine: Machine, runId: string, kind: EntryKind): Promise<true> =>
  until(() => hostJournal(machine, runId).some((e) => e.kind === kind), {
    what: `the entry ${kind} in the journal of ${runId}`,
    deadlineMs: 30_000,
  });
