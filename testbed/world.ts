// The world of a test on a machine: a site, a configuration repository, a control plane, and a machine whose first system
// has our agent, enrolled. It closes itself with the test, and says what it saw when the test fails.
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Run, RunArgs } from '@nixfleet/contract/runs.ts';
import type { Operator } from '../test/loop/operator.ts';
import { AGENT_UNIT } from './agent.ts';
import { CHECKOUT, NODE, putAgent } from './agent-unit.ts';
import { surroundings } from './config.ts';
import { type Control, startControl } from './control.ts';
import { type Machine, makeMachine } from './machine.ts';
import { provideRoot } from './root.ts';
import { install, makeSample, prepareBoot, type System } from './sample.ts';
import { openSite } from './site.ts';
import { until } from './until.ts';

export type World = {
  machine: Machine;
  /** Commits a system, with our agent in it, and gives the full commit. */
  commit: (system: System) => Promise<string>;
  control: Control;
  operator: Operator;
  /** The store path of the first system. */
  first: string;
};

const checkout = dirname(import.meta.dirname);
const HOST = 'box';

/** A service that runs for ever. */
export const steady = (what: string): string =>
  `[Service]\nType=exec\nExecStart=sleep infinity\nEnvironment=WHAT=${what}\n`;

/** A healthy system: one service, and what a test puts beside it. Our agent is in every system. */
export const system = (label: string, { units = {}, ...more }: Partial<System> = {}): System => ({
  label,
  units: { 'web.service': steady('web'), ...units },
  ...more,
});

/** Whether all of these units run. */
export const isActive = async (machine: Machine, ...units: string[]): Promise<boolean> =>
  (await machine.run('systemctl', 'show', '--property=ActiveState', '--value', ...units)).stdout
    .split('\n')
    .filter((line) => line !== '')
    .every((state) => state === 'active');

export type WorldOptions = {
  confirmMs?: number;
  /** After how long an order that nobody took is handed over again. */
  leaseMs?: number;
  first?: System;
  diskMebibytes?: number;
  /** Done on the running machine before it has any system. */
  prepare?: (machine: Machine) => Promise<void>;
};

export async function makeWorld(t: TestContext, options: WorldOptions = {}): Promise<World> {
  const { confirmMs = 6000, leaseMs = 60_000, first = system('v1'), diskMebibytes } = options;
  const { cache, path } = surroundings();
  const base = await provideRoot({ cache, print: (line) => t.diagnostic(line) });
  const node = realpathSync(join(checkout, 'node_modules/.bin/node'));
  const site = await openSite();
  // Hooks run in the order of their registration, and what was made last must go first.
  const closing: (() => Promise<void>)[] = [() => site.close()];
  t.after(async () => {
    for (const close of closing.toReversed()) await close();
  });

  const sample = await makeSample(site, HOST, path);
  const control = await startControl({ site, node, checkout, repository: sample.url, confirmMs, leaseMs });
  closing.push(() => control.close());
  const machine = await makeMachine({
    site,
    name: HOST,
    base,
    address: '10.99.0.2',
    shared: { [CHECKOUT]: checkout, [NODE]: node },
    ...(diskMebibytes === undefined ? {} : { diskMebibytes }),
  });
  prepareBoot(machine);
  closing.push(() => (t.passed ? Promise.resolve() : tell(t, machine, control)));
  await machine.boot();
  await options.prepare?.(machine);
  const token = control.secrets.bootstrapToken;
  const agentUnit = await putAgent(machine, { url: control.url, token, confirmMs });
  const commit: World['commit'] = ({ units, ...more }) =>
    sample.commit({ ...more, units: { [AGENT_UNIT]: agentUnit, ...units } });
  await commit(first);
  const storePath = await install(machine, sample);
  await until(async () => (await control.operator.hosts()).some((h) => h.name === HOST && h.state === 'online'), {
    what: 'the agent to enrol',
    deadlineMs: 20_000,
  });
  return { machine, commit, control, operator: control.operator, first: storePath };
}

async function tell(t: TestContext, machine: Machine, control: Control): Promise<void> {
  const last = (text: string): string => text.trimEnd().split('\n').slice(-80).join('\n');
  const journal = await machine.sh('journalctl --no-pager --output=short-monotonic').catch(String);
  t.diagnostic(`the machine's journal ends:\n${last(journal)}`);
  t.diagnostic(`the control plane's log ends:\n${last(control.log())}`);
}

export type Deployment = { run: Run; commit: string };

/** Commits a system and orders it: `pull-switch` unless told otherwise. Does not wait. */
export async function order(
  { commit: commitSystem, operator }: World,
  next: System,
  { verb = 'pull-switch', args = {} }: { verb?: Run['verb']; args?: RunArgs } = {},
): Promise<Deployment> {
  const commit = await commitSystem(next);
  await operator.refresh();
  const [run] = await operator.run({ verb, hosts: [HOST], args });
  if (!run) throw new Error('no run was made');
  return { run, commit };
}

/** Orders a verb that deploys no new commit. */
export async function ask({ operator }: World, verb: Run['verb'], args: RunArgs = {}): Promise<Run> {
  const [run] = await operator.run({ verb, hosts: [HOST], args });
  if (!run) throw new Error('no run was made');
  return run;
}

/** Orders the newest commit once more, also where its system was taken back before. */
export const redeploy = (world: World): Promise<Run> => ask(world, 'pull-switch', { force: true });
