import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as z from 'zod';
import { ConfigInvalid, flag, integer, list, loadConfig } from './config.ts';

const Shape = z.object({
  name: z.string().min(2),
  port: integer(1, 65_535).default(80),
  quiet: flag.default(false),
  hosts: list.default([]),
});

function toml(t: TestContext, text: string): { path: string; required: boolean } {
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-kit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'x.toml');
  writeFileSync(path, text);
  return { path, required: true };
}

const issuesOf = (work: () => unknown): string[] => {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.issues.map((i) => `${i.path}: ${i.message}`);
    throw error;
  }
  return [];
};

test('flags beat the environment, the environment beats the file, the file beats the defaults', (t) => {
  const file = toml(t, 'name = "file"\nport = 1\nhosts = ["a"]');
  const load = (more: object) => loadConfig(Shape, { program: 'x', file, ...more });
  assert.deepEqual(load({}), { name: 'file', port: 1, quiet: false, hosts: ['a'] });
  assert.equal(load({ env: { port: '2' } }).port, 2);
  assert.equal(load({ env: { port: '2' }, flags: { port: 3 } }).port, 3);
  assert.equal(load({ env: { port: '' } }).port, 1, 'empty is absent');
  assert.deepEqual(load({ env: { hosts: ' a, b ,,c' } }).hosts, ['a', 'b', 'c']);
});

test('all problems are reported at once, unknown keys among them', (t) => {
  const file = toml(t, 'nmae = "x"\nport = 70000');
  const found = issuesOf(() => loadConfig(Shape, { program: 'x', file, env: { quiet: 'maybe' } }));
  assert.equal(found.length, 4);
  assert.match(found.join('\n'), /^nmae: unknown key in .*; known: name, port, quiet, hosts$/m);
  assert.match(found.join('\n'), /^port: /m);
  assert.match(found.join('\n'), /^name: /m);
  assert.match(found.join('\n'), /^quiet: expected true or false, found "maybe"$/m);
});

test('a file that was named must be there, one that is looked for need not', () => {
  const at = (required: boolean) => () =>
    loadConfig(Shape, { program: 'x', env: { name: 'ok' }, file: { path: '/nowhere/x.toml', required } });
  assert.deepEqual(issuesOf(at(false)), []);
  assert.match(issuesOf(at(true)).join(), /^\/nowhere\/x\.toml: ENOENT/);
});

test('a file that is not TOML is a problem with its place', (t) => {
  const found = issuesOf(() => loadConfig(Shape, { program: 'x', env: { name: 'ok' }, file: toml(t, 'name = ') }));
  assert.equal(found.length, 1);
  assert.match(found.join(), /x\.toml: /);
});

test('true and false are read as v1 read them', () => {
  for (const yes of ['1', 'true', 'Yes', 'ON', true]) assert.equal(flag.parse(yes), true);
  for (const no of ['0', 'false', 'No', 'OFF', false]) assert.equal(flag.parse(no), false);
  for (const neither of ['', '2', 'perhaps', 1, null]) assert.equal(flag.safeParse(neither).success, false);
});
