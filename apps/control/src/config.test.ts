// The configuration: every source, every problem at once, nothing secret on the command line.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigInvalid } from '@nixfleet/kit/config.ts';
import { childEnvironment, configFlags, ControlConfig, environment, readConfig } from './config.ts';

const hash = `$2b$12$${'a'.repeat(53)}`;
const complete = {
  NIXFLEET_CONFIG: '',
  NIXFLEET_PASSWORD_HASH: hash,
  NIXFLEET_SESSION_SECRETS: 'a-first-session-secret,a-second-session-secret',
  NIXFLEET_AGENT_TOKEN_HASH_SECRET: 'a-secret-of-stored-tokens',
  NIXFLEET_API_TOKEN: 'a-shared-token-of-agents',
};

const problemsOf = (read: () => unknown): string[] => {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.issues.map((i) => i.path);
    throw error;
  }
  return [];
};

test('mission 002’s names work', () => {
  const config = readConfig({
    ...complete,
    NIXFLEET_DATA_DIR: '/var/lib/x',
    NIXFLEET_ALLOW_SHARED_AGENT_TOKEN: 'No',
    NIXFLEET_TRUSTED_PROXY_IPS: '10.0.0.0/8, 192.0.2.1',
    NIXFLEET_TARGETS: 'fleet=https://git.example.org/fleet.git#stable,lab=/srv/lab',
  });
  assert.equal(config.dataDir, '/var/lib/x');
  assert.equal(config.allowSharedAgentToken, false);
  assert.deepEqual(config.sessionSecrets, ['a-first-session-secret', 'a-second-session-secret']);
  assert.deepEqual(config.trustedProxyIps, ['10.0.0.0/8', '192.0.2.1']);
  assert.deepEqual(config.targets, [
    { name: 'fleet', url: 'https://git.example.org/fleet.git', branch: 'stable' },
    { name: 'lab', url: '/srv/lab', branch: 'main' },
  ]);
});

test('every problem is listed at once', () => {
  const env = {
    NIXFLEET_PASSWORD_HASH: 'plain',
    NIXFLEET_PORT: '70000',
    NIXFLEET_DATA_DIR: 'relative',
    NIXFLEET_DEV_MODE: 'perhaps',
    NIXFLEET_TRUSTED_PROXY_IPS: 'localhost',
    NIXFLEET_TARGETS: 'x=ext::sh',
  };
  const paths = problemsOf(() => readConfig(env));
  const keys = ['dataDir', 'devMode', 'passwordHash', 'port', 'targets', 'trustedProxyIps'];
  assert.deepEqual(new Set(paths.map((p) => p.split('.')[0])), new Set(keys));
});

test('a second factor that was asked for is never left out in silence', () => {
  assert.deepEqual(
    problemsOf(() => readConfig({ ...complete, NIXFLEET_REQUIRE_TOTP: 'true', NIXFLEET_TOTP_SECRET: 'ABCDEFGH' })),
    ['NIXFLEET_TOTP_SECRET', 'NIXFLEET_REQUIRE_TOTP'],
  );
  assert.deepEqual(
    problemsOf(() => readConfig({ ...complete, NIXFLEET_REQUIRE_TOTP: 'false', NIXFLEET_TOTP_SECRET: '' })),
    [],
  );
});

test('outside dev mode every secret is required, in dev mode none but the password', () => {
  const bare = { NIXFLEET_PASSWORD_HASH: hash };
  assert.deepEqual(
    problemsOf(() => readConfig(bare)),
    ['sessionSecrets', 'agentTokenHashSecret', 'apiToken'],
  );
  assert.deepEqual(
    problemsOf(() => readConfig({ ...bare, NIXFLEET_DEV_MODE: '1' })),
    [],
  );
  assert.deepEqual(
    problemsOf(() => readConfig({ NIXFLEET_DEV_MODE: '1' })),
    ['passwordHash'],
  );
});

test('flags beat the environment, the environment beats the file, and secrets come from files', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'token'), 'a-token-from-a-file-of-its-own\n');
  writeFileSync(join(folder, 'control.toml'), 'port = 1\nhost = "192.0.2.1"\nlogLevel = "warn"\n');
  const { NIXFLEET_API_TOKEN: _, ...env } = complete;
  const config = readConfig(
    {
      ...env,
      NIXFLEET_CONFIG: join(folder, 'control.toml'),
      NIXFLEET_API_TOKEN_FILE: join(folder, 'token'),
      NIXFLEET_PORT: '2',
      NIXFLEET_HOST: '192.0.2.2',
    },
    { port: '3' },
  );
  assert.deepEqual([config.port, config.host, config.logLevel], [3, '192.0.2.2', 'warn']);
  assert.equal(config.apiToken, 'a-token-from-a-file-of-its-own');
  const missing = { ...env, NIXFLEET_API_TOKEN_FILE: join(folder, 'nothing') };
  assert.deepEqual(
    problemsOf(() => readConfig(missing)),
    ['NIXFLEET_API_TOKEN_FILE'],
  );
});

test('every setting has an environment name and a description, and no secret is a flag', () => {
  assert.deepEqual(new Set(Object.values(environment)), new Set(Object.keys(ControlConfig.shape)));
  const bare = Object.entries(ControlConfig.shape).filter(([, shape]) => !shape.description);
  assert.deepEqual(bare, []);
  const flags = configFlags.map((f) => f.key);
  for (const key of ['passwordHash', 'sessionSecrets', 'apiToken', 'agentTokenHashSecret', 'databaseUrl'])
    assert.ok(!flags.includes(key), key);
});

test('child processes see no secret of ours', () => {
  const env = childEnvironment({ ...complete, PATH: '/bin', HOME: '/root', http_proxy: 'http://p' });
  assert.deepEqual(env, { PATH: '/bin', HOME: '/root', http_proxy: 'http://p' });
});
