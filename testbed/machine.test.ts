// The testbed's own promises: what a machine is, and what it loses.
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { skipReason } from './available.ts';
import { surroundings } from './config.ts';
import { type Machine, makeMachine } from './machine.ts';
import { provideRoot } from './root.ts';
import { activations, hold, install, makeSample, prepareBoot, type Sample } from './sample.ts';
import { GATEWAY, openSite } from './site.ts';
import { until } from './until.ts';

async function makeBox(t: TestContext): Promise<{ machine: Machine; sample: Sample }> {
  const { cache, path } = surroundings();
  const base = await provideRoot({ cache, print: (line) => t.diagnostic(line) });
  const site = await openSite();
  t.after(() => site.close());
  const sample = await makeSample(site, 'box', path);
  const machine = await makeMachine({ site, name: 'box', base, address: '10.99.0.2' });
  prepareBoot(machine);
  return { machine, sample };
}

const service = (more: string): string => `[Service]\n${more}\n`;

suite('machine', { skip: skipReason(surroundings()) }, () => {
  test('a machine boots to a whole system whose first process is systemd', async (t) => {
    const { machine } = await makeBox(t);
    await machine.boot();
    assert.equal((await machine.sh('cat /proc/1/comm')).trim(), 'systemd');
    assert.equal((await machine.sh('systemctl is-system-running')).trim(), 'running');
    assert.equal((await machine.run('systemd-run', '--wait', '--collect', 'false')).code, 1);
  });

  test('a power cut keeps what was synced and loses what was not', async (t) => {
    const { machine } = await makeBox(t);
    await machine.boot();
    await machine.sh('echo kept > /root/synced && sync /root/synced /root && echo lost > /root/unsynced');
    await machine.cutPower();
    await machine.boot();
    assert.equal(machine.read('/root/synced'), 'kept\n');
    assert.equal(machine.read('/root/unsynced'), undefined);
  });

  test('an unplugged machine reaches nobody until it is plugged in again', async (t) => {
    const { machine, sample } = await makeBox(t);
    await sample.commit({ label: 'v1', units: {} });
    await machine.boot();
    const reaches = async (): Promise<boolean> =>
      (await machine.run('timeout', '1', 'git', 'ls-remote', sample.url)).code === 0;
    await until(reaches, { what: 'the network of the machine', deadlineMs: 20_000 });
    await machine.unplug();
    assert.equal(await reaches(), false);
    await machine.plug();
    await until(reaches, { what: 'the network to come back', deadlineMs: 20_000 });
    assert.match(
      await machine.sh('ip route'),
      new RegExp(`^default via ${GATEWAY.replaceAll('.', String.raw`\.`)}`, 'm'),
    );
  });

  test('the sample switches real units, says what NixOS says, and starts them again at boot', async (t) => {
    const { machine, sample } = await makeBox(t);
    const sleeper = service('Type=exec\nExecStart=sleep infinity');
    await sample.commit({ label: 'v1', units: { 'web.service': sleeper, 'old.service': sleeper } });
    await machine.boot();
    const first = await install(machine, sample);
    const units = {
      'web.service': `${sleeper}Environment=NEW=1\n`,
      'bad.service': service('Type=oneshot\nExecStart=false'),
    };
    await sample.commit({ label: 'v2', units });
    const point = await hold(machine, 'during-v2');
    const installing = install(machine, sample);
    // Its failure is looked at below, and not before.
    installing.catch(() => undefined);
    await point.reached();
    assert.equal((await machine.run('systemctl', 'is-active', 'old')).code, 4);
    await point.release();
    await assert.rejects(installing, (error: Error) => {
      assert.match(error.message, /ended with 4:$/m);
      assert.match(error.message, /^stopping the following units: old.service$/m);
      assert.match(error.message, /^restarting the following units: web.service$/m);
      assert.match(error.message, /^warning: the following units failed: bad.service$/m);
      return true;
    });
    await machine.sh(`nix-env --profile /nix/var/nix/profiles/system --set ${first} && sync`);
    await machine.cutPower();
    await machine.boot();
    assert.deepEqual(activations(machine), ['v1', 'v2']);
    assert.equal(machine.readlink('/run/current-system'), first);
    await until(async () => (await machine.run('systemctl', 'is-active', 'web', 'old')).code === 0, {
      what: 'the units of the first system',
      deadlineMs: 10_000,
    });
  });

  test('a signal by process id reaches a unit without its systemd, which starts it again', async (t) => {
    const { machine, sample } = await makeBox(t);
    await sample.commit({
      label: 'v1',
      units: { 'web.service': service('Type=exec\nExecStart=sleep infinity\nRestart=always\nRestartSec=0') },
    });
    await machine.boot();
    await install(machine, sample);
    const [before] = machine.pidsOfUnit('web.service');
    assert.equal(machine.kill('web.service'), 1);
    await until(() => machine.pidsOfUnit('web.service').some((pid) => pid !== before), {
      what: 'another process of web.service',
      deadlineMs: 10_000,
    });
  });
});
