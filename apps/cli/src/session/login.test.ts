// Signing in and out as a program: what is kept, what is shown, and how each failure ends.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { Problem } from '@nixfleet/contract/problem.ts';
import { type Cli, makeCli } from '../testing/cli.ts';
import { startControl, type TestControl } from '../testing/control.ts';
import { aHost, TOKEN } from '../testing/worlds.ts';

async function world(use: (w: { cli: Cli; control: TestControl }) => Promise<void>): Promise<void> {
  const control = await startControl([aHost({ n: 1 })]);
  const cli = makeCli();
  try {
    await use({ cli, control });
  } finally {
    cli.remove();
    await control.close();
  }
}

const signIn = (cli: Cli, url: string) => cli.run(['login', url, '--password-stdin'], { input: 'correct horse\n' });

test('signing in makes a token of its own, keeps it for this user alone, and needs the password never again', () =>
  world(async ({ cli, control }) => {
    const signed = await signIn(cli, control.url);
    assert.equal(signed.code, 0, signed.err);
    assert.equal(statSync(cli.config).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(cli.config)).mode & 0o777, 0o700);
    const kept = readFileSync(cli.config, 'utf8');
    assert.ok(kept.includes(TOKEN) && !kept.includes('correct horse'));
    assert.ok(!(signed.out + signed.err).includes(TOKEN), 'the token is not printed');
    const hosts = await cli.run(['hosts']);
    assert.match(hosts.out, /web1/);
    assert.ok(control.seen.at(-1)?.headers.authorization?.endsWith(TOKEN));
  }));

test('a file that others could read is closed again when it is written', () =>
  world(async ({ cli, control }) => {
    mkdirSync(dirname(cli.config), { recursive: true });
    writeFileSync(cli.config, '{"servers":{}}');
    chmodSync(cli.config, 0o644);
    await signIn(cli, control.url);
    assert.equal(statSync(cli.config).mode & 0o777, 0o600);
  }));

test('a wrong password signs nobody in and says so', () =>
  world(async ({ cli, control }) => {
    const refused = await cli.run(['login', control.url, '--password-stdin'], { input: 'wrong\n' });
    assert.equal(refused.code, 77);
    assert.match(refused.err, /did not accept/);
    assert.equal(statSync(cli.config, { throwIfNoEntry: false }), undefined);
  }));

test('a password typed at a terminal is not shown', () =>
  world(async ({ cli, control }) => {
    const typing = cli.start(['login', control.url], { pty: true });
    await typing.saw('Password for');
    typing.type('wronk\u007f\u0015correct horsf\u007fe\r');
    const { code, out } = await typing.done;
    assert.equal(code, 0, out);
    assert.match(out, /Signed in/);
    assert.ok(!/horse|horsf|wronk/.test(out), out);
  }));

test('Ctrl-C at the prompt leaves without a sign-in', () =>
  world(async ({ cli, control }) => {
    const typing = cli.start(['login', control.url], { pty: true });
    await typing.saw('Password for');
    typing.type('\u0003');
    assert.equal((await typing.done).code, 130);
  }));

test('a token from elsewhere is tried before it is kept', () =>
  world(async ({ cli, control }) => {
    assert.equal((await cli.run(['login', control.url, '--token-stdin'], { input: 'nonsense' })).code, 77);
    assert.equal((await cli.run(['login', control.url, '--token-stdin', '--name', 'lab'], { input: TOKEN })).code, 0);
    const listed = JSON.parse((await cli.run(['servers', '--json'])).out) as unknown;
    assert.deepEqual(listed, { servers: [{ name: 'lab', url: control.url, current: true }] });
  }));

test('signing out takes the token back over there and forgets it here', () =>
  world(async ({ cli, control }) => {
    await signIn(cli, control.url);
    assert.equal((await cli.run(['logout'])).code, 0);
    assert.deepEqual(
      [control.seen.at(-1)?.method, control.seen.at(-1)?.path.includes('/api/tokens/token_')],
      ['DELETE', true],
    );
    assert.ok(!readFileSync(cli.config, 'utf8').includes(TOKEN));
    assert.equal((await cli.run(['hosts'])).code, 77);
  }));

test('signing out works where the control plane does not, and says what is left to do', () =>
  world(async ({ cli, control }) => {
    await signIn(cli, control.url);
    control.answers.set(
      'DELETE /api/tokens/token_00000000-0000-7000-8000-000000000001',
      new Problem('unavailable', 'Too busy'),
    );
    const left = await cli.run(['logout']);
    assert.equal(left.code, 0);
    assert.match(left.err, /still works over there/);
  }));

test('the environment alone is a sign-in', () =>
  world(async ({ cli, control }) => {
    const hosts = await cli.run(['hosts'], { env: { NIXFLEET_URL: control.url, NIXFLEET_TOKEN: TOKEN } });
    assert.equal(hosts.code, 0, hosts.err);
  }));

test('what cannot be done says what, why and what next, on stderr, with its own exit status', () =>
  world(async ({ cli, control }) => {
    const env = { NIXFLEET_URL: control.url, NIXFLEET_TOKEN: TOKEN };
    const problem = await cli.run(['host', 'nowhere'], { env });
    assert.deepEqual(
      [problem.code, problem.out, problem.err],
      [2, '', '✗ There is no host nowhere\n  Next: nixfleet hosts\n  Request req-7\n'],
    );
    const nobody = await cli.run(['hosts'], { env: { ...env, NIXFLEET_URL: 'http://127.0.0.1:9' } });
    assert.equal(nobody.code, 69);
    assert.match(nobody.err, /Could not reach http:\/\/127\.0\.0\.1:9\n.*\n {2}Next: /);
    assert.equal((await cli.run(['hosts'], { env: { ...env, NIXFLEET_TOKEN: 'old' } })).code, 77);
    assert.equal((await cli.run(['hosts', '--nonsense'], { env })).code, 64);
    assert.equal((await cli.run(['run', 'dance', 'web1'], { env })).code, 64);
    assert.equal((await cli.run(['run', 'pull'], { env })).code, 64);
    control.answers.set('GET /api/hosts', '<html>Bad gateway</html>');
    assert.equal((await cli.run(['hosts'], { env })).code, 69);
    control.answers.set('GET /api/hosts', { hosts: 'none' });
    assert.equal((await cli.run(['hosts'], { env })).code, 70);
    mkdirSync(dirname(cli.config), { recursive: true });
    writeFileSync(cli.config, '{');
    assert.equal((await cli.run(['hosts'], { env })).code, 78);
  }));
