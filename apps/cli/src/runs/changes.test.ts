// Packages compared and listed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntryOf } from '@nixfleet/contract/journal.ts';
import { changeLines, compareVersions, kindOf } from './changes.ts';

const change = (name: string, from: string | null, to: string | null, sizeDelta = 0) => ({ name, from, to, sizeDelta });

test('versions compare as Nix compares them', () => {
  for (const [older, newer] of [
    ['1.0', '2.3'],
    ['2.1', '2.3'],
    ['2.3', '2.3.1'],
    ['2.3a', '2.3c'],
    ['1.9', '1.10'],
    ['2.3', '2.3a'],
  ] as const) {
    assert.ok(compareVersions(older, newer) < 0, `${older} < ${newer}`);
    assert.ok(compareVersions(newer, older) > 0, `${newer} > ${older}`);
  }
  assert.equal(compareVersions('1.0', '1-0'), 0);
});

test('a change is named by what it does to the host', () => {
  assert.equal(kindOf(change('a', '1', null)), 'removed');
  assert.equal(kindOf(change('a', null, '1')), 'added');
  assert.equal(kindOf(change('a', '1.9', '1.10')), 'upgraded');
  assert.equal(kindOf(change('a', '28.5', '27.5')), 'downgraded');
  assert.equal(kindOf(change('a', '1', '1')), 'changed');
});

test('what may hurt comes first, after the counts', () => {
  const diff: EntryOf<'diff'> = {
    seq: 0,
    at: 0,
    kind: 'diff',
    from: null,
    to: '/nix/store/00000000000000000000000000000000-x',
    closureSize: 0,
    sizeDelta: 36_595_302,
    packages: [
      change('firefox', '143', '144'),
      change('steam', '2', '1'),
      change('compose', '1', null),
      change('buildx', null, '1'),
    ],
  };
  const lines = changeLines(diff).map((spans) => spans.map(([, text]) => text).join(''));
  assert.equal(lines[0], '1 removed, 1 downgraded, 1 added, 1 upgraded, +34.9 MiB');
  assert.deepEqual(
    lines.slice(1).map((l) => l.split(/\s+/)[1]),
    ['compose', 'steam', 'buildx', 'firefox'],
  );
});
