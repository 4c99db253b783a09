// activate: writes down the way back, moves the profile, runs the new closure's own activation; then observe: is it true?
import { existsSync, rmSync } from 'node:fs';
import type { CommandResult } from '@nixfleet/kit/command.ts';
import type { Phase } from '@nixfleet/contract/verbs.ts';
import { drivers, type Command } from '../../platforms/table.ts';
import { generationLink, observePlaces } from '../../platforms/observe.ts';
import { complaint, runChild, runLogged } from '../child.ts';
import { chooseGeneration } from './rollback.ts';
import { activationFault, type Intent, observedFault } from '../rules.ts';
import { done, fail, needed, type Run, skipped, type Verdict } from '../run.ts';
import { noteFailedUnits, observe } from '../sight.ts';
import { failedUnits } from '../switch-output.ts';

const PROFILE_MS = 60_000;
/** A slow disk may have gigabytes to write. */
const SYNC_MS = 600_000;
export const ACTIVATION_MS = 600_000;

/** Before the phase: writes the intent, unless there is nothing to change or the run was stopped. */
export async function intend(run: Run): Promise<Verdict> {
  const chosen = run.order.verb === 'rollback' ? chooseGeneration(run) : done();
  if (chosen.is !== 'done') return chosen;
  const to = needed(run.found.to, 'the new closure');
  const now = observePlaces(run.places);
  if (now.running === to && now.profile === to) return skipped('already running');
  if (run.journal.full) return fail('no space left for the state folder; nothing was changed');
  await noteFailedUnits(run);
  if (now.running !== null) await keepFromCollection(run, now.running);
  const unsynced = await syncStore(run, to);
  if (unsynced !== undefined) return fail(`${unsynced}; nothing was changed`);
  if (!run.stops.commit()) return fail('stopped');
  const intent: Intent = { from: now.running, fromGeneration: now.generation, to };
  const toGeneration = now.generations.find((g) => g.storePath === to)?.number ?? null;
  run.journal.append({ kind: 'intent', ...intent, toGeneration });
  run.found.intent = intent;
  return done();
}

export async function activate(run: Run): Promise<Verdict> {
  const to = needed(run.found.to, 'the new closure');
  const driver = drivers[run.config.platform];
  const alreadyRuns = run.found.intent?.from === to;
  if (!driver.setsOwnProfile || alreadyRuns) {
    const fault = await setProfile(run, 'activate', ['--set', to]);
    if (fault !== undefined) return { is: 'back', reason: fault };
  }
  if (alreadyRuns) return skipped('already running; only the profile was set');
  const { result, units } = await runActivation(run, 'activate', to);
  run.found.named = units;
  run.journal.append({ kind: 'activated', exitCode: result.code, signal: result.signal, units });
  const fault = activationFault(
    { exitCode: result.code, signal: result.signal, units, timedOut: result.timedOut },
    ACTIVATION_MS,
  );
  return fault === undefined ? done() : { is: 'back', reason: fault };
}

export async function observeTarget(run: Run): Promise<Verdict> {
  const to = needed(run.found.to, 'the new closure');
  const seen = await observe(run, (now) => observedFault(now, to) === undefined);
  run.found.seenRunning = seen.running;
  const fault = observedFault(seen, to);
  if (fault === undefined) return done();
  return run.found.intent ? { is: 'back', reason: fault } : fail(fault);
}

/** Runs a closure's own activation to its end: neither a cancel nor the run's deadline leaves it halfway. */
export async function runActivation(
  run: Run,
  phase: Phase,
  path: string,
): Promise<{ result: CommandResult; units: string[] }> {
  const lines: string[] = [];
  const owner = { user: run.config.user, isRoot: run.host.uid === 0 };
  let result: CommandResult | undefined;
  for (const command of drivers[run.config.platform].activation(path, owner)) {
    result = await runLogged(run, phase, command, {
      deadlineMs: ACTIVATION_MS,
      graceMs: 10_000,
      signal: null,
      onLine: (line) => {
        if (line.includes('units failed')) lines.push(line);
      },
    });
    if (result.code !== 0) break;
  }
  return { result: needed(result, 'an activation'), units: failedUnits(lines) };
}

/** Moves the profile; gives what went wrong. */
export async function setProfile(run: Run, phase: Phase, change: readonly string[]): Promise<string | undefined> {
  const command: Command = ['nix-env', '--profile', run.places.profile, ...change];
  const r = await runLogged(run, phase, command, { deadlineMs: PROFILE_MS, signal: null });
  return r.code === 0 ? undefined : complaint(command, r, PROFILE_MS);
}

/** The profile as it was: its generation, else the closure that ran, else none at all. */
export async function putProfileBack(run: Run, { from, fromGeneration }: Intent): Promise<string | undefined> {
  const { profile } = run.places;
  if (fromGeneration !== null && existsSync(generationLink(profile, fromGeneration)))
    return setProfile(run, 'restore', ['--switch-generation', String(fromGeneration)]);
  if (from !== null) return setProfile(run, 'restore', ['--set', from]);
  rmSync(profile, { force: true });
  return undefined;
}

/** Nix does not sync what it builds: a profile on disk before its closure is would, after a power cut, boot empty files. */
async function syncStore(run: Run, closure: string): Promise<string | undefined> {
  const command: Command = run.host.os === 'linux' ? ['sync', '-f', closure] : ['sync'];
  const r = await runChild(run, command, { deadlineMs: SYNC_MS });
  return r.code === 0 ? undefined : complaint(command, r, SYNC_MS);
}

async function keepFromCollection(run: Run, path: string): Promise<void> {
  const command: Command = ['nix-store', '--realise', path, '--add-root', run.folder.previous];
  const r = await runChild(run, command, { deadlineMs: PROFILE_MS });
  if (r.code !== 0)
    run.journal.append({
      kind: 'warned',
      reason: `the running system may be collected: ${complaint(command, r, PROFILE_MS)}`,
    });
}
