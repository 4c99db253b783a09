// A deployment on the platforms that are not NixOS: nix-darwin, and home-manager, whose activation moves its own profile.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Platform } from '@nixfleet/contract/verbs.ts';
import { makeSampleHost, type SampleHost } from '../testing/sample-host.ts';
import { makeSampleStore, type SampleStore } from '../testing/sample-store.ts';

let store: SampleStore;
let old: string;
let good: string;
let bad: string;

before(async () => {
  store = await makeSampleStore();
  old = await store.build(await store.commit({ version: '1', mode: 'good' }));
  good = await store.commit({ version: '2' });
  bad = await store.commit({ version: '3', mode: 'fail-units' });
});
after(() => store.remove());

async function hostOf(t: { after: (fn: () => void) => void }, platform: Platform): Promise<SampleHost> {
  const host = makeSampleHost(store, { platform, user: 'sam' });
  t.after(host.remove);
  await host.install(old);
  return host;
}

const deploy = { verb: 'pull-switch' } as const;
const yes = (folder: { confirm: string }): void => writeFileSync(folder.confirm, 'yes');

for (const platform of ['nix-darwin', 'home-manager'] as const) {
  test(`${platform}: a good commit runs, its profile names it, and a rollback returns`, async (t) => {
    const host = await hostOf(t, platform);
    const told = await host.run(deploy, good, yes);
    assert.equal(told.result?.outcome, 'succeeded');
    const path = told.all('built')[0]?.storePath;
    const { running, profile, generation } = host.observe();
    assert.deepEqual({ running, profile, generation }, { running: path, profile: path, generation: 2 });
    assert.equal(host.activations().length, 1);
    const back = await host.run({ verb: 'rollback' }, undefined, yes);
    assert.equal(back.result?.outcome, 'succeeded');
    assert.equal(host.observe().running, old);
    assert.equal(host.observe().profile, old);
  });

  test(`${platform}: a bad commit is taken back, profile and all`, async (t) => {
    const host = await hostOf(t, platform);
    const told = await host.run(deploy, bad, yes);
    assert.equal(told.result?.outcome, 'rolled_back');
    assert.equal(host.observe().running, old);
    assert.equal(host.observe().profile, old);
  });

  test(`${platform}: a plan has no dry activation to tell of`, async (t) => {
    const host = await hostOf(t, platform);
    const told = await host.run({ verb: 'plan' }, good);
    assert.equal(told.result?.outcome, 'succeeded');
    assert.equal(told.all('diff')[0]?.units, undefined);
  });
}
