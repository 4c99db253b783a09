// The main job on real parts: control plane, three agents, Git, Nix, and the operator's own command line.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCommand } from '@nixfleet/kit/command.ts';
import { commitChange } from '../apps/control/demo/commit.ts';
import { sampleHostNames } from '../apps/control/demo/hosts.ts';
import { makeWorld, truth, until, type World } from './loop/world.ts';

const cli = join(import.meta.dirname, '..', 'apps/cli/src/main.ts');

describe('a fleet that really deploys', { timeout: 300_000 }, () => {
  let w: World;
  before(async () => {
    w = await makeWorld();
  });
  after(() => w?.close());

  const nixfleet = (...args: string[]) =>
    runCommand(process.execPath, [cli, ...args], {
      deadlineMs: 120_000,
      env: {
        PATH: process.env['PATH'],
        HOME: w.folder,
        XDG_CONFIG_HOME: join(w.folder, 'xdg'),
        NIXFLEET_URL: w.fleet.url,
        NIXFLEET_TOKEN: w.operator.token,
        NO_COLOR: '1',
      },
    });

  test('a pushed commit is noticed and deployed to every host, and each runs exactly that closure', async () => {
    const { commit } = await commitChange(w.fleet.repository, 'good');
    assert.equal(await w.operator.refresh(), commit);
    for (const name of sampleHostNames)
      assert.equal((await w.operator.host(name)).convergence.status !== 'current', true);

    const deployed = await nixfleet('run', 'pull-switch', '--all', '--watch');
    assert.equal(deployed.code, 0, deployed.stdout + deployed.stderr);

    for (const name of sampleHostNames) {
      const host = await until(15_000, `${name} to report what it runs`, async () => {
        const h = await w.operator.host(name);
        return h.convergence.status === 'current' && h;
      });
      const { running, profile } = truth(w.member(name));
      assert.equal(host.lastRun?.state, 'succeeded', host.lastRun?.reason ?? '');
      assert.equal(host.lastRun?.target?.commit, commit);
      assert.equal(host.lastRun?.storePath, running);
      assert.equal(host.facts.system?.value.running, running);
      assert.equal(host.facts.system?.value.commit, commit);
      assert.equal(profile, running);
    }

    const listed = await nixfleet('hosts');
    assert.equal(listed.code, 0, listed.stderr);
    for (const name of sampleHostNames) assert.match(listed.stdout, new RegExp(`${name}.*current`));
    const page = await signedInPage(w);
    for (const name of sampleHostNames) assert.match(page, new RegExp(name));
    assert.match(page, /[Cc]urrent/);
    assert.match(page, /[Ss]ucceeded/);
  });

  test('an activation that fails is failed, names its units, and the previous system still runs', async () => {
    const was = truth(w.member('web1'));
    await commitChange(w.fleet.repository, 'fails-activation');
    await w.operator.refresh();
    const [run] = await w.operator.run({ verb: 'pull-switch', hosts: ['web1'] });
    const ended = await w.operator.ended(run?.id ?? '');
    assert.equal(ended.state, 'failed', ended.reason ?? '');
    assert.match(ended.reason ?? '', /nginx\.service/);
    assert.match(ended.reason ?? '', /exit code 4/);
    assert.deepEqual(truth(w.member('web1')), was);
  });

  test('a closure that fails its tests is rolled back, with the failing script’s output', async () => {
    const was = truth(w.member('web1'));
    await commitChange(w.fleet.repository, 'fails-tests');
    await w.operator.refresh();
    const shown = await nixfleet('run', 'pull-switch', 'web1', '--watch');
    assert.equal(shown.code, 3, shown.stdout + shown.stderr);
    const { lastRun } = await w.operator.host('web1');
    assert.equal(lastRun?.state, 'rolled_back', lastRun?.reason ?? '');
    assert.match(lastRun?.reason ?? '', /T10-nginx/);
    assert.ok((lastRun?.tests?.failed ?? []).includes('T10-nginx'));
    const output = await nixfleet('output', lastRun?.id ?? '');
    assert.match(output.stdout, /nginx/);
    assert.deepEqual(truth(w.member('web1')), was);
  });

  test('a host that its new system cuts off comes back by itself and reports it', async () => {
    const was = truth(w.member('web1'));
    await commitChange(w.fleet.repository, 'cuts-off');
    await w.operator.refresh();
    const [run] = await w.operator.run({ verb: 'pull-switch', hosts: ['web1'] });
    const id = run?.id ?? '';
    await until(60_000, 'the network to go down', () => truth(w.member('web1')).network === 'network=down');
    assert.equal((await w.operator.getRun(id)).finishedAt, null, 'nobody can know yet how it ends');
    const ended = await w.operator.ended(id);
    assert.equal(ended.state, 'rolled_back', ended.reason ?? '');
    assert.match(ended.reason ?? '', /not confirmed/);
    assert.deepEqual(truth(w.member('web1')), { ...was, network: 'network=up' });
  });

  test('the fleet stops and starts again on the same data, and knows all it knew', async () => {
    const before = (await w.operator.hosts()).map((h) => [h.id, h.name, h.lastRun?.id, h.lastRun?.state]);
    await w.restart();
    const after = (await w.operator.hosts()).map((h) => [h.id, h.name, h.lastRun?.id, h.lastRun?.state]);
    assert.deepEqual(after, before);
    await commitChange(w.fleet.repository, 'good');
    await w.operator.refresh();
    const runs = await w.operator.run({ verb: 'pull-switch', all: true });
    for (const run of runs) {
      const ended = await w.operator.ended(run.id);
      assert.equal(ended.state, 'succeeded', `${ended.hostName}: ${ended.reason}`);
    }
  });
});

async function signedInPage(w: World): Promise<string> {
  const signedIn = await fetch(`${w.fleet.url}/login`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ password: w.secrets.password }),
  });
  const cookie = signedIn.headers
    .getSetCookie()
    .map((c) => c.split(';')[0])
    .join('; ');
  const page = await fetch(`${w.fleet.url}/`, { headers: { cookie } });
  assert.equal(page.status, 200);
  return page.text();
}
