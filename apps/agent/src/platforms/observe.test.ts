// Reading what runs from links, as Nix and the systems make them.
import assert from 'node:assert/strict';
import { lutimesSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { closureAt, observePlaces } from './observe.ts';

const storePath = (letter: string): string => `/nix/store/${letter.repeat(32)}-system-${letter}`;

function host(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'nixfleet-observe-'));
  t.after(() => rmSync(root, { recursive: true }));
  const places = {
    profile: join(root, 'profiles/system'),
    currentSystem: join(root, 'current'),
    bootedSystem: join(root, 'booted'),
  };
  return { root, places };
}

test('a host without any link runs nothing', (t) => {
  const nothing = { running: null, booted: null, profile: null, generation: null, generations: [] };
  assert.deepEqual(observePlaces(host(t).places), nothing);
});

test('running, booted and profile are told apart, with the generations in order', (t) => {
  const { root, places } = host(t);
  mkdirSync(join(root, 'profiles'));
  const link = (number: number, letter: string): void => {
    const path = join(root, `profiles/system-${number}-link`);
    symlinkSync(storePath(letter), path);
    lutimesSync(path, 1000 + number, 1000 + number);
  };
  link(10, 'c');
  link(9, 'b');
  link(1, 'a');
  symlinkSync('system-9-link', places.profile);
  symlinkSync(storePath('a'), places.currentSystem);
  symlinkSync(storePath('c'), places.bootedSystem);
  writeFileSync(join(root, 'profiles/system-2-link.lock'), '');
  symlinkSync(storePath('d'), join(root, 'profiles/other-3-link'));
  assert.deepEqual(observePlaces(places), {
    running: storePath('a'),
    booted: storePath('c'),
    profile: storePath('b'),
    generation: 9,
    generations: [
      { number: 1, storePath: storePath('a'), at: 1_001_000, current: false },
      { number: 9, storePath: storePath('b'), at: 1_009_000, current: true },
      { number: 10, storePath: storePath('c'), at: 1_010_000, current: false },
    ],
  });
});

test('a link that leads in circles, nowhere or outside the store is no closure', (t) => {
  const { root } = host(t);
  const link = (name: string, target: string): string => {
    symlinkSync(target, join(root, name));
    return join(root, name);
  };
  assert.equal(closureAt(link('circle', join(root, 'circle'))), null);
  assert.equal(closureAt(link('nowhere', 'gone')), null);
  assert.equal(closureAt(link('outside', '/etc/hostname')), null);
  assert.equal(
    closureAt(link('chain', link('last', storePath('f')))),
    storePath('f'),
    'what was collected is still named',
  );
});
