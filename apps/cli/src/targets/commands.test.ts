// `nixfleet target` as a program.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cli, makeCli } from '../testing/cli.ts';
import { startControl, type TestControl } from '../testing/control.ts';
import { AT, COMMIT, TOKEN } from '../testing/worlds.ts';

const head = {
  commit: COMMIT,
  subject: 'feat: docker',
  author: 'admin',
  at: AT,
  signature: 'signed',
  signer: 'admin',
} as const;
const target = {
  id: 'target_019a0000-0000-7000-8000-000000000001',
  name: 'fleet',
  url: '/srv/fleet.git',
  branch: 'main',
  head,
  fetchedAt: AT,
  error: null,
  hosts: 3,
};

async function world(use: (w: { cli: Cli; control: TestControl }) => Promise<void>): Promise<void> {
  const control = await startControl();
  control.answers.set('GET /api/targets', { targets: [target] });
  control.answers.set('POST /api/targets', target);
  control.answers.set('POST /api/targets/refresh', { targets: [target] });
  control.answers.set('DELETE /api/targets/fleet', undefined);
  control.answers.set(`GET /api/targets/${target.id}/commits`, { commits: [head] });
  const cli = makeCli({ NIXFLEET_URL: control.url, NIXFLEET_TOKEN: TOKEN });
  try {
    await use({ cli, control });
  } finally {
    cli.remove();
    await control.close();
  }
}

test('targets are listed with what they point to and whether it is signed, also without a subcommand', () =>
  world(async ({ cli }) => {
    for (const args of [['target'], ['target', 'list'], ['target', 'refresh']]) {
      const { out, err } = await cli.run(args);
      assert.match(out, /fleet {3}main {4}4f2c9ab {2}feat: docker {2}✓ signed by admin/, err);
    }
    assert.deepEqual(JSON.parse((await cli.run(['target', '--json'])).out), { targets: [target] });
  }));

test('a commit is listed whole, as run --commit wants it', () =>
  world(async ({ cli }) => {
    const { out } = await cli.run(['target', 'commits']);
    assert.ok(out.includes(COMMIT));
    assert.equal((await cli.run(['target', 'commits', 'other'])).code, 2);
  }));

test('a target is added with its branch, and removed', () =>
  world(async ({ cli, control }) => {
    assert.equal((await cli.run(['target', 'add', 'fleet', '/srv/fleet.git', '--branch', 'next'])).code, 0);
    assert.deepEqual(control.seen.at(-1)?.body, { name: 'fleet', url: '/srv/fleet.git', branch: 'next' });
    assert.equal((await cli.run(['target', 'remove', 'fleet'])).code, 0);
    assert.equal(control.seen.at(-1)?.method, 'DELETE');
  }));
