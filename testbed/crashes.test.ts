// Agent and executor die on a real systemd: stopped by it, killed behind its back, killed by it, at each place where a
// deployment can be held. No run needs the agent to end, an executor that died is recovered, and the host goes on.
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { Run } from '@nixfleet/contract/runs.ts';
import { AGENT_UNIT, runUnit, truth } from './agent.ts';
import { skipReason } from './available.ts';
import { surroundings } from './config.ts';
import { holdAt } from './held.ts';
import { activations, hold } from './sample.ts';
import { until } from './until.ts';
import { isActive, makeWorld, order, system, type World } from './world.ts';

const places = ['build', 'before', 'during', 'after', 'confirm'] as const;
type Place = (typeof places)[number];

type Case = {
  confirmMs: number;
  strike: (world: World, run: Run) => Promise<void>;
  outcomes: Record<Place, Run['state']>;
};

const cases: Record<string, Case> = {
  'the agent stopped by systemd': {
    // Nobody answers the last two for the host, so they last this long.
    confirmMs: 5000,
    strike: ({ machine }) => machine.sh(`systemctl stop ${AGENT_UNIT}`).then(() => undefined),
    // Until its activation starts units, a new system starts the agent again; the way back does.
    outcomes: {
      build: 'succeeded',
      before: 'succeeded',
      during: 'succeeded',
      after: 'rolled_back',
      confirm: 'rolled_back',
    },
  },
  'the agent killed behind systemd’s back': {
    confirmMs: 30_000,
    // An activation that ends while systemd waits to start it again would rightly call it a failed unit.
    strike: async ({ machine }) => {
      const [killed] = machine.pidsOfUnit(AGENT_UNIT);
      assert.equal(machine.kill(AGENT_UNIT), 1);
      await until(() => machine.pidsOfUnit(AGENT_UNIT).some((pid) => pid !== killed), {
        what: 'another agent',
        deadlineMs: 20_000,
      });
    },
    outcomes: {
      build: 'succeeded',
      before: 'succeeded',
      during: 'succeeded',
      after: 'succeeded',
      confirm: 'succeeded',
    },
  },
  'the executor’s unit killed by systemd': {
    confirmMs: 30_000,
    strike: ({ machine }, { id }) => machine.sh(`systemctl kill --signal=SIGKILL ${runUnit(id)}`).then(() => undefined),
    outcomes: {
      build: 'interrupted',
      before: 'rolled_back',
      during: 'rolled_back',
      after: 'rolled_back',
      confirm: 'succeeded',
    },
  },
};

/** The outcome is told once and is true: what runs, what it was activated, and which units are healthy. */
async function assertTrue(world: World, run: Run, before: string, expected: Run['state']): Promise<void> {
  const { machine, operator } = world;
  const ended = await operator.ended(run.id, 90_000);
  assert.equal(ended.state, expected, ended.reason ?? '');
  const runs = ended.state === 'succeeded' ? ended.storePath : before;
  assert.deepEqual(truth(machine), { running: runs, profile: runs });
  const results = (await operator.journal(run.id)).filter((e) => e.kind === 'result');
  assert.equal(results.length, 1);
  await until(() => isActive(machine, AGENT_UNIT, 'web.service'), { what: 'healthy units', deadlineMs: 10_000 });
}

const running = (world: World): string => truth(world.machine).running ?? '';
const times = (world: World, label: string): number => activations(world.machine).filter((l) => l === label).length;

async function strikeEverywhere(t: TestContext, { confirmMs, strike, outcomes }: Case): Promise<void> {
  const world = await makeWorld(t, { confirmMs });
  for (const place of places)
    await t.test(`in ${place}: ${outcomes[place]}`, async () => {
      const before = running(world);
      const { run, release } = await holdAt(world, place, system(`at-${place}`));
      await strike(world, run);
      await release();
      await assertTrue(world, run, before, outcomes[place]);
      assert.ok(times(world, `at-${place}`) <= 1, 'activated at most once');
    });
  const last = await world.operator.ended((await order(world, system('last'))).run.id);
  assert.equal(last.state, 'succeeded', last.reason ?? '');
}

suite('crashes', { skip: skipReason(surroundings()) }, () => {
  for (const [name, each] of Object.entries(cases)) test(name, (t) => strikeEverywhere(t, each));

  test('an executor killed on the way back, and its recovery too, still end where they were going', async (t) => {
    const world = await makeWorld(t);
    const { machine, first } = world;
    const way = await hold(machine, 'before-v1');
    const units = { 'bad.service': '[Service]\nType=oneshot\nExecStart=false\n' };
    const { run } = await order(world, system('v2', { units }));
    await way.reached();
    for (const unit of [runUnit(run.id), runUnit(run.id, 1)]) {
      await machine.sh(`rm /run/hold/before-v1.reached; systemctl kill --signal=SIGKILL ${unit}`);
      await way.reached();
    }
    await way.release();
    await assertTrue(world, run, first, 'rolled_back');
    assert.equal(times(world, 'v2'), 1);
  });
});
