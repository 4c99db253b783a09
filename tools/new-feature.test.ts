// A new slice is complete: in a copy of this repository it passes lint, types, the laws and its own tests.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCommand } from '@nixfleet/kit/command.ts';
import { bin } from './bin.ts';
import { featureOf, makeFeature } from './new-feature.ts';

const root = dirname(import.meta.dirname);

/** A copy of this repository whose packages are its own and whose dependencies are ours. */
function copyRepository(t: TestContext): string {
  const copy = mkdtempSync(join(tmpdir(), 'nixfleet-slice-'));
  t.after(() => rmSync(copy, { recursive: true, force: true }));
  const listed = execFileSync('git', ['ls-files', '-zco', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
  for (const path of listed.split('\0'))
    if (path !== '' && existsSync(join(root, path))) cpSync(join(root, path), join(copy, path), { recursive: true });
  const modules = join(copy, 'node_modules');
  mkdirSync(join(modules, '@nixfleet'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@nixfleet') symlinkSync(join(root, 'node_modules', name), join(modules, name));
  for (const name of readdirSync(join(copy, 'packages')))
    symlinkSync(join(copy, 'packages', name), join(modules, '@nixfleet', name));
  return copy;
}

test('a slice made from nothing but its name passes lint, types and its own tests', async (t) => {
  const copy = copyRepository(t);
  const paths = makeFeature(featureOf('gadgets', copy), copy);
  const made = paths.filter((path) => path.includes('gadget'));
  const pass = async (file: string, ...args: string[]): Promise<void> => {
    const r = await runCommand(file, args, { cwd: copy, deadlineMs: 120_000 });
    assert.equal(r.code, 0, `${file} ${args.join(' ')}\n${r.stdout}${r.stderr}`);
  };
  await pass(bin('oxfmt'), ...paths);
  await pass(bin('oxlint'), '--type-aware', ...paths);
  await pass(process.execPath, '--test', ...made.filter((path) => path.endsWith('.test.ts')));
  const types = await runCommand(bin('tsc'), ['-p', '.'], { cwd: copy, deadlineMs: 120_000 });
  assert.doesNotMatch(types.stdout, /gadget/i);
});

test('a name that is no plural noun is refused', () => {
  assert.throws(() => featureOf('Gadget', root), /expected a plural noun/);
});
