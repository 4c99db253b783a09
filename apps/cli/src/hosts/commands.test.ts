// `nixfleet hosts` and `nixfleet host` as a program, and the rules of an edit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../api/failure.ts';
import { type Cli, makeCli } from '../testing/cli.ts';
import { startControl, type TestControl } from '../testing/control.ts';
import { aHost, aRun, TOKEN } from '../testing/worlds.ts';
import { parseEdit } from './edit.ts';

async function world(use: (w: { cli: Cli; control: TestControl }) => Promise<void>): Promise<void> {
  const lastRun = aRun({ n: 1, state: 'rolled_back', reason: 'tests failed: T04', generation: 211 });
  const control = await startControl([aHost({ n: 1, lastRun }), aHost({ n: 2, state: 'offline' })]);
  const cli = makeCli({ NIXFLEET_URL: control.url, NIXFLEET_TOKEN: TOKEN });
  try {
    await use({ cli, control });
  } finally {
    cli.remove();
    await control.close();
  }
}

test('the fleet is a table with the state of each host in words, and a sum', () =>
  world(async ({ cli }) => {
    const { out } = await cli.run(['hosts']);
    assert.match(out, /^web1 {2}↶ Rolled back .*tests failed: T04 .*4f2c9ab ✓ current/m);
    assert.match(out, /^web2 {2}○ Offline for /m);
    assert.match(out, /\n2 hosts {2}1 online · 1 offline\n$/);
  }));

test('a host’s page says what is wrong and which verbs cannot be asked for, with the reason', () =>
  world(async ({ cli }) => {
    const { out } = await cli.run(['host', 'web1']);
    assert.match(out, /web1 is safe on generation 211\.\n {2}Next: nixfleet output 00000001/);
    assert.match(out, /– switch {2}Switch needs a pulled configuration\. Pull first\./);
  }));

test('set sends what changed and nothing else', () =>
  world(async ({ cli, control }) => {
    const { code, err } = await cli.run(['host', 'web1', 'set', 'location=work', 'device-type=', 'comment=a=b']);
    assert.equal(code, 0, err);
    assert.deepEqual(control.seen.at(-1)?.body, { location: 'work', deviceType: null, comment: 'a=b' });
  }));

test('an edit is refused with every mistake named, before anything is sent', () => {
  assert.deepEqual(parseEdit(['criticality=high', 'last_audit=2026-01-01']), {
    criticality: 'high',
    lastAudit: '2026-01-01',
  });
  for (const bad of [[], ['location'], ['=x'], ['colour=red']]) assert.throws(() => parseEdit(bad), Failure);
  assert.throws(
    () => parseEdit(['criticality=huge', 'themeColor=red']),
    (e: unknown) => e instanceof Failure && e.status === 64 && e.parts.issues?.length === 2,
  );
});

test('a host retires only after its name was typed, or with --yes', () =>
  world(async ({ cli, control }) => {
    assert.equal((await cli.run(['host', 'web1', 'retire'])).code, 64, 'there is no terminal to ask at');
    const asking = cli.start(['host', 'web1', 'retire'], { pty: true });
    await asking.saw('Type its name');
    asking.type('web2\n');
    assert.equal((await asking.done).code, 64);
    assert.equal(control.hosts.size, 2);
    const again = cli.start(['host', 'web1', 'retire'], { pty: true });
    await again.saw('Type its name');
    again.type('web1\n');
    assert.equal((await again.done).code, 0);
    assert.equal((await cli.run(['host', 'web2', 'retire', '--yes'])).code, 0);
    assert.equal(control.hosts.size, 0);
  }));

test('a rotated token is all there is on stdout, so that it can be piped', () =>
  world(async ({ cli, control }) => {
    control.answers.set('POST /api/hosts/web1/agent-token', { status: 'ok', host_id: 'h', agent_token: 'secret-1' });
    const { out, err } = await cli.run(['host', 'web1', 'rotate-token', '--revoke']);
    assert.equal(out, 'secret-1\n');
    assert.match(err, /Next: put the new token/);
    assert.deepEqual(control.seen.at(-1)?.body, { revoke: true });
  }));
