// Repositories that are followed: real git, real repositories, a server that never answers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CommitPage, Target, TargetList } from '@nixfleet/contract/targets.ts';
import { makeRepository } from '../testing/repository.ts';
import { until } from '../testing/until.ts';
import { type WorldOptions } from '../testing/world.ts';
import { KEPT_COMMITS, mirrorPath } from './mirror.ts';
import { findCommit, isAncestorOf } from './service.ts';
import { fetchingWorld, refreshed, silentServer } from './testing/following.ts';

test('a repository that never answers keeps no other one waiting', async (t) => {
  const world = await fetchingWorld(t, { config: { fetchDeadlineMs: 30_000 } });
  const operator = await world.operator();
  const port = await silentServer(t);
  await operator.post('/api/targets', { name: 'silent', url: `git://127.0.0.1:${port}/x` });
  const repository = makeRepository(join(world.folder, 'fleet'));
  const head = repository.commit('one');
  await operator.post('/api/targets', { name: 'fleet', url: repository.path });
  const fetched = await until('the other one is fetched', async () => {
    const { targets } = (await operator.get('/api/targets')).json(TargetList);
    return targets.find((x) => x.name === 'fleet' && x.head !== null);
  });
  assert.equal(fetched.head?.commit, head);
});

test('a hanging repository says so after its deadline, and its error goes when it answers', async (t) => {
  const world = await fetchingWorld(t, { config: { fetchDeadlineMs: 1000 } });
  const operator = await world.operator();
  const port = await silentServer(t);
  await operator.post('/api/targets', { name: 'silent', url: `git://127.0.0.1:${port}/x` });
  assert.equal((await refreshed(operator, 'silent')).error, 'no answer within 1 s');
});

test('a branch that is deleted, rewritten, emptied or comes back is followed and explained', async (t) => {
  const world = await fetchingWorld(t);
  const operator = await world.operator();
  const repository = makeRepository(join(world.folder, 'fleet'));
  await operator.post('/api/targets', { name: 'fleet', url: repository.path });
  assert.equal((await refreshed(operator, 'fleet')).error, 'the repository has no branch main');

  const one = repository.commit('one');
  const two = repository.commit('two');
  const fetched = await refreshed(operator, 'fleet');
  assert.deepEqual([fetched.head?.commit, fetched.error], [two, null]);

  repository.git('reset', '--quiet', '--hard', one);
  const rewritten = repository.commit('two, better');
  assert.equal((await refreshed(operator, 'fleet')).head?.commit, rewritten);
  const { commits } = (await operator.get('/api/targets/fleet/commits')).json(CommitPage);
  assert.deepEqual(
    commits.map((c) => c.subject),
    ['two, better', 'one'],
  );

  repository.git('checkout', '--quiet', '--detach');
  repository.git('branch', '--quiet', '-D', 'main');
  const deleted = await refreshed(operator, 'fleet');
  assert.deepEqual([deleted.head?.commit, deleted.error], [rewritten, 'the repository has no branch main']);

  repository.git('branch', '--quiet', 'main');
  assert.equal((await refreshed(operator, 'fleet')).error, null);

  rmSync(repository.path, { recursive: true });
  assert.match((await refreshed(operator, 'fleet')).error ?? '', /does not appear to be a git repository|not exist/);
});

test('hostile texts of a commit come out as one bounded plain line', async (t) => {
  const world = await fetchingWorld(t);
  const operator = await world.operator();
  const repository = makeRepository(join(world.folder, 'fleet'));
  const subject = `\u001b[31mred\u0007 \u202egnp.exe ${'x'.repeat(100_000)}`;
  repository.commit(subject, '--author', `Eve \u001b]0;title\u0007 ${'y'.repeat(5000)} <eve@example.org>`);
  await operator.post('/api/targets', { name: 'fleet', url: repository.path });
  const { head } = await refreshed(operator, 'fleet');
  assert.ok(head);
  for (const text of [head.subject, head.author]) {
    assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    assert.ok(text.length <= 300, String(text.length));
  }
  assert.match(head.subject, /^\[31mred/);
});

test('signatures are judged by the configured signers, and by nobody else', async (t) => {
  const keys = mkdtempSync(join(tmpdir(), 'nixfleet-keys-'));
  t.after(() => rmSync(keys, { recursive: true }));
  const key = (name: string): string => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(keys, name)]);
    return readFileSync(join(keys, `${name}.pub`), 'utf8').trim();
  };
  const [ada] = [key('ada'), key('eve')];
  writeFileSync(join(keys, 'allowed'), `ada@example.org ${ada}\n`);
  const judge = async (config: WorldOptions['config']): Promise<(string | null | undefined)[][]> => {
    const world = await fetchingWorld(t, config ? { config } : {});
    const operator = await world.operator();
    const repository = makeRepository(join(world.folder, 'fleet'));
    repository.git('config', 'gpg.format', 'ssh');
    repository.commit('bare');
    for (const name of ['ada', 'eve']) {
      repository.git('config', 'user.signingKey', join(keys, `${name}.pub`));
      repository.commit(`by ${name}`, '-S');
    }
    await operator.post('/api/targets', { name: 'fleet', url: repository.path });
    await refreshed(operator, 'fleet');
    const { commits } = (await operator.get('/api/targets/fleet/commits')).json(CommitPage);
    return commits.map((c) => [c.subject, c.signature, c.signer]);
  };
  assert.deepEqual(await judge({ trustedSigners: join(keys, 'allowed') }), [
    ['by eve', 'unknown', null],
    ['by ada', 'signed', 'ada@example.org'],
    ['bare', 'unsigned', null],
  ]);
  assert.deepEqual(await judge(undefined), [
    ['by eve', 'unknown', null],
    ['by ada', 'unknown', null],
    ['bare', 'unsigned', null],
  ]);
});

test('a mirror that a crash broke is made anew', async (t) => {
  const world = await fetchingWorld(t);
  const operator = await world.operator();
  const repository = makeRepository(join(world.folder, 'fleet'));
  repository.commit('one');
  await operator.post('/api/targets', { name: 'fleet', url: repository.path });
  const { id } = await refreshed(operator, 'fleet');
  const mirror = mirrorPath(world.ctx, id);
  const breakages: (() => void)[] = [
    () => writeFileSync(join(mirror, 'refs/nixfleet/head.lock'), ''),
    () => rmSync(join(mirror, 'HEAD')),
    () => rmSync(join(mirror, 'objects'), { recursive: true }),
    () => rmSync(mirror, { recursive: true }),
  ];
  for (const breakIt of breakages) {
    breakIt();
    const head = repository.commit('next');
    const after = await refreshed(operator, 'fleet');
    assert.deepEqual([after.head?.commit, after.error], [head, null], String(breakIt));
  }
});

test('a repository with SHA-256 ids and one of another user are followed, too', async (t) => {
  const world = await fetchingWorld(t);
  const operator = await world.operator();
  const repository = makeRepository(join(world.folder, 'fleet'), '--object-format=sha256');
  const head = repository.commit('one');
  if (process.getuid?.() === 0) chownSync(repository.path, 65_534, 65_534);
  await operator.post('/api/targets', { name: 'fleet', url: `file://${repository.path}` });
  assert.equal((await refreshed(operator, 'fleet')).head?.commit, head);
  assert.equal(head.length, 64);
});

test('nothing of a repository is run, and no address that would run something is taken', async (t) => {
  const world = await fetchingWorld(t);
  const operator = await world.operator();
  const marker = join(world.folder, 'ran');
  for (const url of [`ext::touch ${marker}`, 'fd::3', '--upload-pack=touch', '-x', 'file://relative', 'https://a b/']) {
    const answer = await operator.post('/api/targets', { name: 'evil', url });
    assert.deepEqual([url, answer.status], [url, 422]);
  }
  for (const branch of ['--all', '../x', 'a..b', 'x.lock', 'a b', '@{-1}', '-f']) {
    const answer = await operator.post('/api/targets', { name: 'evil', url: '/tmp/x', branch });
    assert.deepEqual([branch, answer.status], [branch, 422]);
  }
  const repository = makeRepository(join(world.folder, 'fleet'));
  repository.commit('one');
  repository.git('config', 'uploadpack.packObjectsHook', `touch ${marker}; git pack-objects`);
  for (const hook of ['reference-transaction', 'post-checkout', 'pre-auto-gc'])
    writeFileSync(join(repository.path, '.git/hooks', hook), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
  await operator.post('/api/targets', { name: 'fleet', url: repository.path });
  assert.equal((await refreshed(operator, 'fleet')).error, null);
  assert.equal(existsSync(marker), false);
});

test('a commit is found while the branch contains it, however old, and its order is known', async (t) => {
  const world = await fetchingWorld(t);
  const operator = await world.operator();
  const repository = makeRepository(join(world.folder, 'fleet'));
  const old = repository.commit('old');
  for (let i = 0; i < KEPT_COMMITS; i += 1) repository.commit(`commit ${i}`);
  repository.git('checkout', '--quiet', '-b', 'other');
  const foreign = repository.commit('on another branch');
  const { id } = (await operator.post('/api/targets', { name: 'fleet', url: repository.path })).json(Target);
  const head = (await refreshed(operator, 'fleet')).head?.commit ?? '';
  assert.equal((await findCommit(world.ctx, id, head))?.subject, `commit ${KEPT_COMMITS - 1}`);
  assert.equal((await findCommit(world.ctx, id, old))?.subject, 'old');
  assert.equal(await findCommit(world.ctx, id, foreign), undefined);
  assert.equal(await findCommit(world.ctx, id, 'f'.repeat(40)), undefined);
  assert.deepEqual(
    [await isAncestorOf(world.ctx, id, old, head), await isAncestorOf(world.ctx, id, head, old)],
    [true, false],
  );
});
