// A hostile control plane against a host that trusts only some signers, with real ssh-keygen signatures.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { commandOutput } from '@nixfleet/kit/command.ts';
import type { AgentConfig } from '../../config.ts';
import { makeSampleHost, type SampleHost, type Told } from '../../testing/sample-host.ts';
import { makeSampleStore, type SampleStore } from '../../testing/sample-store.ts';

let store: SampleStore;
let signers: string;
let keys: { trusted: string; stranger: string };

before(async () => {
  store = await makeSampleStore();
  const make = async (name: string): Promise<string> => {
    const key = join(store.root, name);
    await commandOutput('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key], {
      deadlineMs: 20_000,
      env: store.env,
    });
    return key;
  };
  keys = { trusted: await make('trusted'), stranger: await make('stranger') };
  signers = join(store.root, 'allowed-signers');
  writeFileSync(signers, `ops@example.com namespaces="git" ${readFileSync(`${keys.trusted}.pub`, 'utf8')}`);
});
after(() => store.remove());

/** A commit signed by a key, or by none; an evaluation of it would leave a trace in the store. */
async function commitBy(key: string | undefined, version: string): Promise<string> {
  await store.git('config', 'gpg.format', 'ssh');
  await store.git('config', 'commit.gpgSign', String(key !== undefined));
  if (key !== undefined) await store.git('config', 'user.signingKey', `${key}.pub`);
  return store.commit({ version, mode: 'good' });
}

function trusting(t: { after: (fn: () => void) => void }, settings: Partial<AgentConfig> = {}): SampleHost {
  const host = makeSampleHost(store, { trustedSigners: signers, ...settings });
  t.after(host.remove);
  return host;
}

function assertRefused(told: Told, reason: RegExp): void {
  assert.equal(told.result?.outcome, 'refused');
  assert.match(told.result.reason, reason);
  assert.equal(existsSync(told.folder.checkout), false, 'nothing is laid out');
  assert.deepEqual(told.all('built'), [], 'nothing is evaluated');
}

const deploy = { verb: 'pull-switch' } as const;
const yes = (folder: { confirm: string }): void => writeFileSync(folder.confirm, 'yes');

test('a commit signed by a trusted signer is deployed, and the journal names the signer', async (t) => {
  const host = trusting(t);
  const told = await host.run(deploy, await commitBy(keys.trusted, '1'), yes);
  assert.equal(told.result?.outcome, 'succeeded');
  assert.equal(told.all('verified')[0]?.signer, 'ops@example.com');
});

test('an unsigned commit is refused before anything is evaluated', async (t) => {
  const told = await trusting(t).run(deploy, await commitBy(undefined, '2'), yes);
  assertRefused(told, /is not signed by a signer this host trusts/);
});

test('a commit signed by a key nobody allowed is refused', async (t) => {
  assertRefused(await trusting(t).run(deploy, await commitBy(keys.stranger, '3'), yes), /is not signed/);
});

test('a key that is allowed for another purpose only is refused', async (t) => {
  const elsewhere = join(store.root, 'allowed-for-files');
  writeFileSync(elsewhere, `ops@example.com namespaces="file" ${readFileSync(`${keys.trusted}.pub`, 'utf8')}`);
  const host = trusting(t, { trustedSigners: elsewhere });
  assertRefused(await host.run(deploy, await commitBy(keys.trusted, '4'), yes), /is not signed/);
});

test('an allowed-signers file that is missing trusts nobody', async (t) => {
  const host = trusting(t, { trustedSigners: join(store.root, 'nothing') });
  assertRefused(await host.run(deploy, await commitBy(keys.trusted, '5'), yes), /is not signed/);
});

test('a commit whose text was changed under its signature is refused', async (t) => {
  const signed = await commitBy(keys.trusted, '6');
  const text = await store.git('cat-file', 'commit', signed);
  const file = join(store.root, 'tampered');
  writeFileSync(file, text.replace('web1 6', 'web1 7'));
  const tampered = (await store.git('hash-object', '-t', 'commit', '-w', file)).trim();
  await store.git('branch', 'tampered', tampered);
  assertRefused(await trusting(t).run(deploy, tampered, yes), /is not signed/);
});

test('a signature of one commit copied onto another is refused', async (t) => {
  const signed = await store.git('cat-file', 'commit', await commitBy(keys.trusted, '8'));
  const signature = /^gpgsig [\s\S]*?-----END SSH SIGNATURE-----\n/m.exec(signed)?.[0] ?? '';
  const other = await store.git('cat-file', 'commit', await commitBy(undefined, '9'));
  const file = join(store.root, 'copied');
  writeFileSync(file, other.replace(/^(committer .*\n)/m, `$1${signature}`));
  const copied = (await store.git('hash-object', '-t', 'commit', '-w', file)).trim();
  await store.git('branch', 'copied', copied);
  assertRefused(await trusting(t).run(deploy, copied, yes), /is not signed/);
});

test('a signed commit older than the last one deployed is refused, as is one beside it', async (t) => {
  const host = trusting(t);
  const older = await commitBy(keys.trusted, '10');
  const newer = await commitBy(keys.trusted, '11');
  await store.git('checkout', '--quiet', '-b', 'beside', older);
  const beside = await commitBy(keys.trusted, '12');
  await store.git('checkout', '--quiet', 'main');
  assert.equal((await host.run(deploy, newer, yes)).result?.outcome, 'succeeded');
  assertRefused(await host.run(deploy, older, yes), /older than the last one deployed/);
  assertRefused(await host.run(deploy, beside, yes), /does not descend from the last one deployed/);
  assert.equal((await host.run({ verb: 'test' }, older)).result?.outcome, 'succeeded');
});

test('an older commit is refused without signers too, one beside it is not', async (t) => {
  const host = makeSampleHost(store);
  t.after(host.remove);
  const older = await commitBy(undefined, '20');
  const newer = await commitBy(undefined, '21');
  await store.git('checkout', '--quiet', '-b', 'aside', older);
  const aside = await commitBy(undefined, '22');
  await store.git('checkout', '--quiet', 'main');
  assert.equal((await host.run(deploy, newer, yes)).result?.outcome, 'succeeded');
  assertRefused(await host.run(deploy, older, yes), /use rollback/);
  assert.equal((await host.run(deploy, aside, yes)).result?.outcome, 'succeeded');
});

test('a rollback needs no signature: its generation was deployed here before', async (t) => {
  const host = trusting(t);
  const first = await commitBy(keys.trusted, '30');
  const second = await commitBy(keys.trusted, '31');
  await host.run(deploy, first, yes);
  await host.run(deploy, second, yes);
  assert.equal((await host.run({ verb: 'rollback' }, undefined, yes)).result?.outcome, 'succeeded');
});

test('an order for another attribute or another repository is refused before anything is fetched', async (t) => {
  const commit = await commitBy(keys.trusted, '40');
  const attribute = 'nixosConfigurations.web1.config.system.build.toplevel';
  const target = { targetId: null, repository: store.repository, commit, attribute, subject: null };
  const host = trusting(t, { repository: 'https://example.com/fleet.git' });
  const foreign = await host.run({ ...deploy, target });
  assertRefused(foreign, /deploys only from https:\/\/example\.com\/fleet\.git/);
  const other = await host.run({ ...deploy, target: { ...target, attribute: 'packages.evil' } });
  assertRefused(other, /this host is built from nixosConfigurations/);
  assert.equal(existsSync(host.state.mirror), false);
});

test('a commit that is not on the branch a host deploys is refused', async (t) => {
  const commit = await commitBy(keys.trusted, '50');
  await store.git('checkout', '--quiet', '-b', 'draft');
  const draft = await commitBy(keys.trusted, '51');
  await store.git('checkout', '--quiet', 'main');
  const host = trusting(t, { branch: 'main' });
  assertRefused(await host.run(deploy, draft, yes), /is not on branch main/);
  assert.equal((await host.run(deploy, commit, yes)).result?.outcome, 'succeeded');
});
