// The power goes at each place of a deployment: every process dies at once and what was not synced is lost. After the next
// boot the outcome is told once and true, no system half there is run, and the same commit can be deployed.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AGENT_UNIT, truth } from './agent.ts';
import { skipReason } from './available.ts';
import { surroundings } from './config.ts';
import { holdAt, type Place } from './held.ts';
import { activations, hold } from './sample.ts';
import { until } from './until.ts';
import { isActive, makeWorld, order, redeploy, system, type World } from './world.ts';

/** What may become of the run: where the new system was in place its confirmation is asked for again after the boot. */
const outcomes = {
  build: ['interrupted'],
  start: ['interrupted', 'rolled_back'],
  before: ['interrupted', 'rolled_back'],
  during: ['interrupted', 'rolled_back'],
  after: ['interrupted', 'rolled_back'],
  confirm: ['succeeded', 'rolled_back'],
} as const satisfies Partial<Record<Place, readonly string[]>>;

/** Running and profile are one whole system, and its units run. */
async function assertWhole({ machine }: World, path: string): Promise<void> {
  assert.deepEqual(truth(machine), { running: path, profile: path });
  assert.equal(await machine.sh(`find ${path} -type f -size 0`), '');
  await until(() => isActive(machine, AGENT_UNIT, 'web.service'), { what: 'healthy units', deadlineMs: 10_000 });
}

suite('power', { skip: skipReason(surroundings()) }, () => {
  for (const [place, expected] of Object.entries(outcomes) as [keyof typeof outcomes, readonly string[]][])
    test(`a power cut in ${place} ends ${expected.join(' or ')}, as the host then is`, async (t) => {
      const world = await makeWorld(t, { confirmMs: 20_000 });
      const { machine, operator, first } = world;
      const { run } = await holdAt(world, place, system('v2'));
      await machine.cutPower();
      await machine.boot();
      const ended = await operator.ended(run.id, 60_000);
      assert.ok(expected.includes(ended.state), `${ended.state}: ${ended.reason}`);
      await assertWhole(world, ended.state === 'succeeded' ? (ended.storePath ?? '') : first);
      assert.ok(activations(machine).filter((label) => label === 'v2').length <= 1);
      const again = await operator.ended((await redeploy(world)).id);
      assert.equal(again.state, 'succeeded', again.reason ?? '');
      await assertWhole(world, again.storePath ?? '');
    });

  test('a power cut on the way back ends with the previous system', async (t) => {
    const world = await makeWorld(t);
    const { machine, operator, first } = world;
    const way = await hold(machine, 'before-v1');
    const units = { 'bad.service': '[Service]\nType=oneshot\nExecStart=false\n' };
    const { run } = await order(world, system('v2', { units }));
    await way.reached();
    await machine.cutPower();
    await machine.boot();
    const ended = await operator.ended(run.id, 60_000);
    assert.equal(ended.state, 'rolled_back', ended.reason ?? '');
    assert.match(ended.reason ?? '', /bad\.service/);
    await assertWhole(world, first);
  });

  test('an orderly reboot in the middle of an activation ends with one whole system', async (t) => {
    const world = await makeWorld(t);
    const { machine, operator, first } = world;
    const { run } = await holdAt(world, 'during', system('v2'));
    await machine.shutDown();
    await machine.boot();
    const ended = await operator.ended(run.id, 60_000);
    assert.ok(['interrupted', 'rolled_back'].includes(ended.state), `${ended.state}: ${ended.reason}`);
    await assertWhole(world, first);
  });
});
