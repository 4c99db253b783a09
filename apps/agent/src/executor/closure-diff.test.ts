// Closures compared by package.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { diffClosures, packageOf, readClosure } from './closure-diff.ts';

const hash = 'a'.repeat(32);
const path = (name: string, h = hash): string => `/nix/store/${h}-${name}`;
const closure = (...entries: [string, number][]) => new Map(entries.map(([name, size]) => [path(name), size]));

test('a name ends where its version begins, and an output belongs to its package', () => {
  const split = (name: string) => Object.values(packageOf(path(name))).join(' ');
  assert.equal(split('hello-2.12.1'), 'hello 2.12.1');
  assert.equal(split('glibc-2.40-66-bin'), 'glibc 2.40-66');
  assert.equal(split('python3.12-requests-2.32'), 'python3.12-requests 2.32');
  assert.equal(split('etc'), 'etc ');
  assert.equal(split('unit-nginx.service'), 'unit-nginx.service ');
  assert.equal(split('nixos-system-web1-25.11'), 'nixos-system-web1 25.11');
});

test('added, removed and changed packages are told with their versions and sizes', () => {
  const from = closure(['hello-1.0', 100], ['gone-3', 50], ['same-1', 10]);
  const to = closure(['hello-2.0', 130], ['new-1', 7], ['same-1', 10]);
  assert.deepEqual(diffClosures(from, to), {
    packages: [
      { name: 'gone', from: '3', to: null, sizeDelta: -50 },
      { name: 'hello', from: '1.0', to: '2.0', sizeDelta: 30 },
      { name: 'new', from: null, to: '1', sizeDelta: 7 },
    ],
    closureSize: 147,
    sizeDelta: -13,
  });
});

test('several versions of a package are listed, a rebuilt one counts only when its size moved', () => {
  const from = closure(['a-1', 10], ['b-1', 0]);
  const to = closure(['a-1', 10], ['a-2', 10], ['b-1', 9000]);
  assert.deepEqual(
    diffClosures(from, to).packages.map((p) => `${p.name}: ${p.from} → ${p.to}`),
    ['a: 1 → 1, 2', 'b: 1 → 1'],
  );
});

test('both forms of `nix path-info --json` are read', () => {
  const old = JSON.stringify([{ path: path('a-1'), narSize: 5, references: [] }]);
  const recent = JSON.stringify({ [path('a-1')]: { narSize: 5, ca: null }, [path('b-1')]: null });
  assert.deepEqual([...readClosure(old)], [[path('a-1'), 5]]);
  assert.deepEqual(
    [...readClosure(recent)],
    [
      [path('a-1'), 5],
      [path('b-1'), 0],
    ],
  );
});

test('the sizes of the packages add up to that of the closures', () => {
  const entries = fc.array(
    fc.tuple(fc.constantFrom('a-1', 'a-2', 'b-1', 'c', 'd-4-dev'), fc.integer({ min: 0, max: 100_000 })),
  );
  fc.assert(
    fc.property(entries, entries, (x, y) => {
      const [from, to] = [closure(...x), closure(...y)];
      const { packages, sizeDelta } = diffClosures(from, to);
      const told = packages.reduce((sum, p) => sum + p.sizeDelta, 0);
      assert.ok(Math.abs(told - sizeDelta) <= 8192 * 5);
      assert.deepEqual(diffClosures(to, to).packages, []);
    }),
  );
});
