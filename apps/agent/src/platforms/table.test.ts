// The table of platforms, and where a host's links lie.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Attribute } from '@nixfleet/contract/names.ts';
import { Platform } from '@nixfleet/contract/verbs.ts';
import { AgentConfig } from '../config.ts';
import { attributeOf, drivers, placesOf } from './table.ts';

const config = (settings: Partial<AgentConfig>): AgentConfig =>
  AgentConfig.parse({ url: 'http://127.0.0.1', hostname: 'web1', platform: 'nixos', user: 'sam', ...settings });

function folder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'nixfleet-platform-'));
  t.after(() => rmSync(root, { recursive: true }));
  return root;
}

test('each platform builds its attribute, unless another is configured', () => {
  const of = (platform: Platform): string => attributeOf(config({ platform }));
  assert.equal(of('nixos'), 'nixosConfigurations.web1.config.system.build.toplevel');
  assert.equal(of('nix-darwin'), 'darwinConfigurations.web1.system');
  assert.equal(of('home-manager'), 'homeConfigurations."sam@web1".activationPackage');
  for (const platform of Platform.options) assert.equal(Attribute.safeParse(of(platform)).success, true);
  assert.equal(attributeOf(config({ attribute: 'hosts.web1' })), 'hosts.web1');
});

test('the links of a host are those configured, else those of its platform', (t) => {
  const home = folder(t);
  assert.deepEqual(placesOf(config({}), home), {
    profile: '/nix/var/nix/profiles/system',
    currentSystem: '/run/current-system',
    bootedSystem: '/run/booted-system',
  });
  const moved = { profile: '/a/p', currentSystem: '/a/c', bootedSystem: '/a/b' };
  assert.deepEqual(placesOf(config(moved), home), moved);
  assert.equal(placesOf(config({ platform: 'nix-darwin' }), home).bootedSystem, null);
});

test('home-manager’s links are found where this version of it keeps them', (t) => {
  const home = folder(t);
  const manager = config({ platform: 'home-manager' });
  const profile = join(home, '.local/state/nix/profiles/home-manager');
  const current = join(home, '.local/state/home-manager/gcroots/current-home');
  assert.deepEqual(placesOf(manager, home), { profile, currentSystem: current, bootedSystem: null });
  mkdirSync(join(profile, '..'), { recursive: true });
  symlinkSync(home, profile);
  assert.equal(placesOf(manager, home).currentSystem, profile, 'without a root of its own, the profile says what runs');
  mkdirSync(join(current, '..'), { recursive: true });
  symlinkSync(home, current);
  assert.equal(placesOf(manager, home).currentSystem, current);
});

test('a nix-darwin system is activated for its user first, where it has such a part', (t) => {
  const path = folder(t);
  const { activation } = drivers['nix-darwin'];
  const root = { user: 'sam', isRoot: true };
  assert.deepEqual(activation(path, root), [[`${path}/activate`]]);
  writeFileSync(join(path, 'activate-user'), '#!/bin/sh\necho hi\n');
  const asUser = ['sudo', '-u', 'sam', '--set-home', '--', `${path}/activate-user`];
  assert.deepEqual(activation(path, root), [asUser, [`${path}/activate`]]);
  assert.deepEqual(activation(path, { user: 'sam', isRoot: false }), [[`${path}/activate-user`], [`${path}/activate`]]);
  writeFileSync(join(path, 'activate-user'), '#!/bin/sh\n# nix-darwin: deprecated\nexit 1\n');
  assert.deepEqual(activation(path, root), [[`${path}/activate`]]);
});
