// Keeps the laws of ARCHITECTURE.md: a table of what must not be imported or written where (boundaries/laws.ts), and the
// few that need more than a pattern.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import * as z from 'zod';
import {
  crossing,
  importLaws,
  type Law,
  MAX_LINES,
  MAX_SRC_FILES,
  textLaws,
  wordsNotInNames,
} from './boundaries/laws.ts';
import { isTest, type Module, readModules, root } from './boundaries/modules.ts';

const none = (broken: string[]): void => assert.deepEqual(broken, []);

const under = (law: Law, m: Module): boolean => law.files.test(m.path) && !law.except?.test(m.path);

test('modules import only what their place allows', () => {
  const broken = importLaws.flatMap((law) =>
    readModules()
      .filter((m) => under(law, m) && !isTest(m))
      .flatMap((m) => m.imports.filter((i) => law.never.test(i.to)).map((i) => `${m.path} → ${i.to}: ${law.why}`)),
  );
  none(broken);
});

test('code says nothing that its place forbids', () => {
  const broken = textLaws.flatMap((law) =>
    readModules()
      .filter((m) => under(law, m) && !isTest(m) && !m.path.startsWith('test/boundaries/'))
      .filter((m) => law.never.test(m.code))
      .map((m) => `${m.path}: ${law.why}`),
  );
  none(broken);
});

test('apps never import apps, not even their tests', () => {
  const appOf = (path: string): string | undefined => /^apps\/([^/]+)\//.exec(path)?.[1];
  const broken = readModules().flatMap((m) =>
    m.imports
      .filter((i) => appOf(m.path) !== undefined && appOf(i.to) !== undefined && appOf(i.to) !== appOf(m.path))
      .map((i) => `${m.path} → ${i.to}`),
  );
  none(broken);
});

test('features of the control plane meet only in services and rules', () => {
  const featureOf = (path: string): string | undefined => crossing.from.exec(path)?.[1];
  const broken = readModules()
    .filter((m) => featureOf(m.path) !== undefined && !isTest(m))
    .flatMap((m) =>
      m.imports
        .filter((i) => featureOf(i.to) !== undefined && featureOf(i.to) !== featureOf(m.path))
        .filter((i) => !crossing.open.test(i.to))
        .map((i) => `${m.path} → ${i.to}: ${crossing.why}`),
    );
  none(broken);
});

test('a file opens with what it is for and ends before 300 lines', () => {
  const broken = readModules().flatMap((m) => {
    const first = m.lines[0]?.startsWith('#!') ? m.lines[1] : m.lines[0];
    return [
      // The names of a test file's tests say what it is for.
      ...(/^\/[/*]/.test(first ?? '') || m.path.endsWith('.test.ts') ? [] : [`${m.path}: no opening comment`]),
      ...(m.lines.length > MAX_LINES ? [`${m.path}: ${m.lines.length} lines`] : []),
    ];
  });
  none(broken);
});

test('names say what a thing is, and an app’s src holds four files at most', () => {
  const modules = readModules();
  const vague = modules.map((m) => m.path).filter((path) => wordsNotInNames.test(path));
  const barrels = modules.filter((m) => basename(m.path) === 'index.ts' && !m.path.endsWith('db/migrations/index.ts'));
  const sources = Map.groupBy(
    modules.filter((m) => !isTest(m)),
    (m) => dirname(m.path),
  );
  const crowded = [...sources].filter(
    ([folder, files]) => /^apps\/[^/]+\/src$/.test(folder) && files.length > MAX_SRC_FILES,
  );
  none([
    ...vague,
    ...barrels.map((m) => m.path),
    ...crowded.map(([folder, files]) => `${folder}: ${files.length} files`),
  ]);
});

test('every package a module imports is declared where npm looks for it', () => {
  const manifests = new Map(
    [...globSync('{apps,packages}/*/package.json', { cwd: root }), 'package.json'].map(declaredIn),
  );
  const anywhere = new Set([...manifests.values()].flatMap((names) => [...names]));
  const packageOf = (s: string): string =>
    s
      .split('/')
      .slice(0, s.startsWith('@') ? 2 : 1)
      .join('/');
  const broken = readModules().flatMap((m) => {
    const folder = /^(?:apps|packages)\/[^/]+(?=\/src\/)/.exec(m.path)?.[0] ?? '.';
    // What we ship declares what it needs itself; tests and tools may use what npm has linked at the root.
    const names = folder === '.' || isTest(m) ? anywhere : manifests.get(folder);
    return m.imports
      .filter((i) => !i.specifier.startsWith('.') && !i.specifier.startsWith('node:'))
      .filter((i) => !names?.has(packageOf(i.specifier)) && !(folder === '.' && i.specifier.startsWith('@nixfleet/')))
      .map((i) => `${m.path} → ${packageOf(i.specifier)} is not in ${folder}/package.json`);
  });
  none(broken);
});

const Manifest = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
});

function declaredIn(path: string): [string, Set<string>] {
  const { dependencies, devDependencies } = Manifest.parse(JSON.parse(readFileSync(join(root, path), 'utf8')));
  return [dirname(path), new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)])];
}

test('importing a module does nothing', () => {
  const starts = /(?:^|\/)(?:main|import-all)\.ts$|^tools\/[^/]+$|\.mjs$/;
  const paths = readModules()
    .filter((m) => !isTest(m) && !starts.test(m.path))
    .map((m) => join(root, m.path));
  const script = join(root, 'test/boundaries/import-all.ts');
  const said = execFileSync(process.execPath, [script, ...paths], { encoding: 'utf8', timeout: 60_000, stdio: 'pipe' });
  assert.equal(said, '');
});
