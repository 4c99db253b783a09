// The agent's configuration as operators give it: file, environment, defaults of the host.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigInvalid } from '@nixfleet/kit/config.ts';
import { readConfig } from './config.ts';

function fileWith(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'agent.toml'), text);
  return join(folder, 'agent.toml');
}

const least = 'url = "https://fleet.example.com"\ntokenFile = "/run/token"\nplatform = "nixos"\n';

const problemsOf = (act: () => unknown): string[] => {
  try {
    act();
    return [];
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.issues.map((i) => i.path).toSorted();
    throw error;
  }
};

test('v1’s environment names work and beat the file; its interval is in seconds', (t) => {
  const env = { NIXFLEET_URL: 'https://other.example.com', NIXFLEET_INTERVAL: '45', NIXFLEET_LOCATION: 'home' };
  const config = readConfig(env, { config: fileWith(t, least) });
  assert.deepEqual([config.url, config.intervalMs, config.location], ['https://other.example.com', 45_000, 'home']);
  assert.equal(readConfig({ NIXFLEET_INTERVAL: '' }, { config: fileWith(t, least) }).intervalMs, 30_000);
});

test('the host’s name is the first label of what the system says, unless the file names it', (t) => {
  const systemName = 'Web1.example.com';
  assert.equal(readConfig({}, { config: fileWith(t, least), systemName }).hostname, 'web1');
  assert.equal(readConfig({}, { config: fileWith(t, `${least}hostname = "db1"`), systemName }).hostname, 'db1');
});

test('http is for this machine itself, or where the operator insists', (t) => {
  const at = (url: string, more = ''): string =>
    fileWith(t, `${least.replace('https://fleet.example.com', url)}${more}`);
  for (const url of ['http://127.0.0.1:8000', 'http://localhost', 'http://[::1]:80'])
    assert.deepEqual(
      problemsOf(() => readConfig({}, { config: at(url) })),
      [],
    );
  for (const url of ['http://fleet.example.com', 'http://127.0.0.1.example.com', 'ftp://127.0.0.1'])
    assert.deepEqual(
      problemsOf(() => readConfig({}, { config: at(url) })),
      ['url'],
      url,
    );
  const insisting = at('http://10.0.0.1', 'allowInsecureHttp = true');
  assert.deepEqual(
    problemsOf(() => readConfig({}, { config: insisting })),
    [],
  );
});

test('all problems are reported at once, also those between keys and of the file itself', (t) => {
  const config = fileWith(t, 'url = "http://fleet.example.com"\nplatform = "plan9"\nconfirmMs = 1\nunheardOf = 1\n');
  assert.deepEqual(
    problemsOf(() => readConfig({ NIXFLEET_INTERVAL: 'often' }, { config })),
    ['confirmMs', 'intervalMs', 'platform', 'tokenFile', 'unheardOf', 'url'],
  );
  assert.deepEqual(
    problemsOf(() => readConfig({}, { config: '/nonexistent/agent.toml' })),
    ['/nonexistent/agent.toml', 'platform', 'tokenFile', 'url'],
  );
});
