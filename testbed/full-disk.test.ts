// No space left, for the agent's state alone and for the whole disk: the outcome is true and is told, and as soon as there is
// space again the host goes on.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Run } from '@nixfleet/contract/runs.ts';
import { STATE, truth } from './agent.ts';
import { skipReason } from './available.ts';
import { surroundings } from './config.ts';
import { holdAt } from './held.ts';
import type { Machine } from './machine.ts';
import { activations } from './sample.ts';
import { until } from './until.ts';
import { isActive, makeWorld, order, redeploy, system, type World } from './world.ts';

/** Writes until nothing more goes in: first in large pieces, then byte by byte. */
const fill = (machine: Machine, folder: string): Promise<string> =>
  machine.sh(
    `for size in 1M 4k 1; do dd if=/dev/zero of=${folder}/filler bs=$size oflag=append conv=notrunc 2>/dev/null || true; done
     ! echo more > ${folder}/more 2>/dev/null || rm ${folder}/more`,
  );
const free = (machine: Machine, folder: string): Promise<string> => machine.sh(`rm -f ${folder}/filler ${folder}/more`);

/** A small file system of its own for the agent's state. */
const smallState = async (machine: Machine): Promise<void> => {
  await machine.sh(`mkdir -p ${STATE} && mount -t tmpfs -o size=8M,mode=0700 tmpfs ${STATE}`);
};

async function assertOutcome(world: World, run: Run, expected: readonly Run['state'][]): Promise<void> {
  const { machine, operator, first } = world;
  const ended = await operator.ended(run.id);
  assert.ok(expected.includes(ended.state), `${ended.state}: ${ended.reason}`);
  if (ended.state !== 'succeeded') assert.match(ended.reason ?? '', /no space left/i);
  const path = ended.state === 'succeeded' ? ended.storePath : first;
  assert.deepEqual(truth(machine), { running: path, profile: path });
  assert.ok(activations(machine).filter((label) => label === 'v2').length <= 1);
  assert.ok(await isActive(machine, 'web.service'));
}

async function assertGoesOn(world: World): Promise<void> {
  const again = await world.operator.ended((await redeploy(world)).id);
  assert.equal(again.state, 'succeeded', again.reason ?? '');
  assert.deepEqual(truth(world.machine), { running: again.storePath, profile: again.storePath });
}

suite('full disk', { skip: skipReason(surroundings()) }, () => {
  const cases = {
    build: ['failed', 'succeeded'],
    during: ['succeeded', 'rolled_back'],
    end: ['succeeded', 'rolled_back'],
  } as const;
  for (const [place, expected] of Object.entries(cases) as [keyof typeof cases, readonly Run['state'][]][])
    test(`a state folder that is full in ${place} leaves a true outcome and no host that is stuck`, async (t) => {
      const world = await makeWorld(t, { prepare: smallState });
      const { run, release } = await holdAt(world, place, system('v2'));
      await fill(world.machine, STATE);
      await release();
      await assertOutcome(world, run, expected);
      await free(world.machine, STATE);
      await assertGoesOn(world);
    });

  test('an order that a host with a full state folder cannot take is taken once there is space', async (t) => {
    const world = await makeWorld(t, { prepare: smallState, leaseMs: 3000 });
    const { machine, operator } = world;
    await fill(machine, STATE);
    const { run } = await order(world, system('v2'));
    await until(async () => /ENOSPC/.test(await machine.sh('journalctl --unit=nixfleet-agent')), {
      what: 'the agent to find no space',
      deadlineMs: 20_000,
    });
    assert.equal((await operator.getRun(run.id)).finishedAt, null);
    await free(machine, STATE);
    await assertOutcome(world, run, ['succeeded']);
  });

  test('a build on a full disk fails with the reason, and is done when there is space', async (t) => {
    const world = await makeWorld(t, { diskMebibytes: 256 });
    const { run, release } = await holdAt(world, 'build', system('v2'));
    await fill(world.machine, '/root');
    await release();
    await assertOutcome(world, run, ['failed']);
    await free(world.machine, '/root');
    await assertGoesOn(world);
  });
});
