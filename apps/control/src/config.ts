// The control plane's configuration: one strict object, from flags, environment (mission 002's names) and a TOML file. It
// fails closed: every problem is listed, and nothing starts.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as z from 'zod';
import { Branch, RepositoryUrl } from '@nixfleet/contract/names.ts';
import type { Issue } from '@nixfleet/contract/problem.ts';
import { ConfigInvalid, flag, integer, list, loadConfig } from '@nixfleet/kit/config.ts';

/** The version this control plane reports. */
export const VERSION = '0.1.0';

const secret = z.string().min(16, { message: 'expected at least 16 characters' });

/** An address or a network such as `10.0.0.0/8`. */
const ProxyAddress = z.string().refine(
  (s) => {
    const [address = '', prefix, ...rest] = s.split('/');
    const bits = isIP(address) === 6 ? 128 : 32;
    return (
      isIP(address) !== 0 &&
      rest.length === 0 &&
      (prefix === undefined || /^\d{1,3}$/.test(prefix)) &&
      Number(prefix ?? 0) <= bits
    );
  },
  { message: 'expected an IP address or a network such as 10.0.0.0/8' },
);

/** `name=url#branch`; the branch defaults to main. */
const TargetSetting = z.string().transform((s, ctx) => {
  const found = /^([a-z][a-z0-9-]{0,62})=([^#]+)(?:#(.+))?$/.exec(s);
  const parsed = z
    .object({ name: z.string(), url: RepositoryUrl, branch: Branch })
    .safeParse({ name: found?.[1], url: found?.[2], branch: found?.[3] ?? 'main' });
  if (parsed.success) return parsed.data;
  ctx.addIssue({ code: 'custom', message: `expected name=url#branch, found ${JSON.stringify(s)}` });
  return z.NEVER;
});

export const ControlConfig = z.object({
  host: z.string().default('127.0.0.1').describe('address to listen on'),
  port: integer(0, 65_535).default(8000).describe('port to listen on; 0 takes a free one'),
  dataDir: z.string().startsWith('/').default('/data').describe('folder of the database and the mirrors'),
  databaseUrl: z
    .string()
    .regex(/^postgres(ql)?:\/\//)
    .optional()
    .describe('PostgreSQL; default SQLite in dataDir'),
  passwordHash: z
    .string({ error: 'required: a bcrypt hash of the admin password' })
    .regex(/^\$2[ab]\$\d\d\$[./A-Za-z0-9]{53}$/, { message: 'expected a bcrypt hash beginning with $2b$ or $2a$' })
    .describe('bcrypt hash of the admin password'),
  sessionSecrets: list.pipe(z.array(secret)).default([]).describe('first signs, any verifies'),
  apiToken: secret.optional().describe('shared bootstrap token of agents'),
  agentTokenHashSecret: secret.optional().describe('HMAC key of stored tokens'),
  allowSharedAgentToken: flag.default(true).describe('accept the bootstrap token at all'),
  autoProvisionAgentTokens: flag.default(true).describe('give v1 agents a token of their own at first contact'),
  devMode: flag.default(false).describe('plain http cookies, generated secrets'),
  trustProxyHeaders: flag.default(false).describe('take the client address and the request id from proxies'),
  trustedProxyIps: list
    .pipe(z.array(ProxyAddress))
    .default([])
    .describe('addresses or networks of those proxies; empty: any peer'),
  targets: list.pipe(z.array(TargetSetting)).default([]).describe('repositories made known at start'),
  trustedSigners: z
    .string()
    .startsWith('/')
    .optional()
    .describe('allowed-signers file; shows which commits are signed'),
  fetchEveryMs: integer(1000, 86_400_000).default(60_000).describe('how often targets are fetched'),
  fetchDeadlineMs: integer(1000, 3_600_000).default(60_000).describe('deadline of one git fetch'),
  runExpiryMs: integer(1000, 30 * 86_400_000)
    .default(86_400_000)
    .describe('how long a queued run waits for its host'),
  leaseMs: integer(1000, 3_600_000).default(60_000).describe('how long an offered run may be silent'),
  confirmMs: integer(1000, 3_600_000).default(120_000).describe('confirm window of a deployment'),
  maxQueued: integer(1, 1000).default(20).describe('runs that may wait for one host'),
  maxOutputBytes: integer(65_536, 1_073_741_824)
    .default(8 * 1024 * 1024)
    .describe('output kept of one run'),
  keepRunsDays: integer(1, 3650).default(30).describe('days that ended runs and their journals are kept'),
  keepEventsDays: integer(1, 3650).default(7).describe('days that events can be replayed'),
  gitHash: z
    .string()
    .regex(/^[0-9a-f]{7,64}$/)
    .optional()
    .describe('the commit this program was built from'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('least severe line logged'),
});
export type ControlConfig = z.infer<typeof ControlConfig>;

/** The configuration key of each environment name. Those marked secret also come as `<NAME>_FILE`. */
export const environment = {
  NIXFLEET_HOST: 'host',
  NIXFLEET_PORT: 'port',
  NIXFLEET_DATA_DIR: 'dataDir',
  NIXFLEET_DATABASE_URL: 'databaseUrl',
  NIXFLEET_PASSWORD_HASH: 'passwordHash',
  NIXFLEET_SESSION_SECRETS: 'sessionSecrets',
  NIXFLEET_API_TOKEN: 'apiToken',
  NIXFLEET_AGENT_TOKEN_HASH_SECRET: 'agentTokenHashSecret',
  NIXFLEET_ALLOW_SHARED_AGENT_TOKEN: 'allowSharedAgentToken',
  NIXFLEET_AUTO_PROVISION_AGENT_TOKENS: 'autoProvisionAgentTokens',
  NIXFLEET_DEV_MODE: 'devMode',
  NIXFLEET_TRUST_PROXY_HEADERS: 'trustProxyHeaders',
  NIXFLEET_TRUSTED_PROXY_IPS: 'trustedProxyIps',
  NIXFLEET_TARGETS: 'targets',
  NIXFLEET_TRUSTED_SIGNERS: 'trustedSigners',
  NIXFLEET_FETCH_EVERY_MS: 'fetchEveryMs',
  NIXFLEET_FETCH_DEADLINE_MS: 'fetchDeadlineMs',
  NIXFLEET_RUN_EXPIRY_MS: 'runExpiryMs',
  NIXFLEET_LEASE_MS: 'leaseMs',
  NIXFLEET_CONFIRM_MS: 'confirmMs',
  NIXFLEET_MAX_QUEUED: 'maxQueued',
  NIXFLEET_MAX_OUTPUT_BYTES: 'maxOutputBytes',
  NIXFLEET_KEEP_RUNS_DAYS: 'keepRunsDays',
  NIXFLEET_KEEP_EVENTS_DAYS: 'keepEventsDays',
  NIXFLEET_GIT_HASH: 'gitHash',
  NIXFLEET_LOG_LEVEL: 'logLevel',
} as const satisfies Record<string, keyof ControlConfig>;

const secrets = [
  'NIXFLEET_PASSWORD_HASH',
  'NIXFLEET_SESSION_SECRETS',
  'NIXFLEET_API_TOKEN',
  'NIXFLEET_AGENT_TOKEN_HASH_SECRET',
  'NIXFLEET_DATABASE_URL',
] as const;

/** Reads the whole configuration. Throws `ConfigInvalid` with every problem there is. */
export function readConfig(env: NodeJS.ProcessEnv, flags: Record<string, unknown> = {}): ControlConfig {
  const values: Record<string, string | undefined> = {};
  for (const [name, key] of Object.entries(environment)) values[key] = env[name];
  const issues = secondFactor(env);
  const unread = new Set<string>();
  for (const name of secrets) {
    const file = env[`${name}_FILE`];
    if (!file || env[name]) continue;
    try {
      values[environment[name]] = readFileSync(file, 'utf8').trim();
    } catch (error) {
      unread.add(environment[name]);
      issues.push({ path: `${name}_FILE`, message: error instanceof Error ? error.message : String(error) });
    }
  }
  const file = {
    path: env['NIXFLEET_CONFIG'] || '/etc/nixfleet/control.toml',
    required: Boolean(env['NIXFLEET_CONFIG']),
  };
  try {
    const config = loadConfig(Whole, { program: 'nixfleet-control', flags, env: values, file });
    if (issues.length === 0) return config;
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    // A secret whose file cannot be read is not missing as well.
    issues.push(...error.issues.filter((i) => !unread.has(i.path)));
  }
  throw new ConfigInvalid('nixfleet-control', issues);
}

/** Whoever asks for a second factor must not be let in without one. */
const secondFactor = (env: NodeJS.ProcessEnv): Issue[] =>
  ['NIXFLEET_TOTP_SECRET', 'NIXFLEET_REQUIRE_TOTP']
    .filter((name) => !/^(0|false|no|off)?$/i.test(env[name] ?? ''))
    .map((name) => ({ path: name, message: 'this version has no second factor yet: unset it to start without one' }));

/** Other keys may be wrong at the same time; what must hold between keys is checked all the same. */
const always = { when: () => true };

/** With what must hold between keys, outside dev mode. */
const Whole = ControlConfig.refine((c) => c.devMode || c.sessionSecrets.length > 0, {
  path: ['sessionSecrets'],
  message: 'NIXFLEET_SESSION_SECRETS is required: openssl rand -hex 32',
  ...always,
})
  .refine((c) => c.devMode || c.agentTokenHashSecret !== undefined, {
    path: ['agentTokenHashSecret'],
    message: 'NIXFLEET_AGENT_TOKEN_HASH_SECRET is required: openssl rand -hex 32',
    ...always,
  })
  .refine((c) => c.devMode || !c.allowSharedAgentToken || c.apiToken !== undefined, {
    path: ['apiToken'],
    message: 'NIXFLEET_API_TOKEN is required while NIXFLEET_ALLOW_SHARED_AGENT_TOKEN is on',
    ...always,
  });

/** Where the database lies. */
export const databaseOf = (c: ControlConfig): { file: string } | { url: string } =>
  c.databaseUrl === undefined ? { file: join(c.dataDir, 'control.db') } : { url: c.databaseUrl };

/** The settings as flags: `--data-dir`. What is secret is none, because every user of a machine reads its processes. */
export const configFlags = Object.entries(ControlConfig.shape)
  .filter(([key]) => !secrets.some((name) => environment[name] === key))
  .map(([key, shape]) => {
    const name = key.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
    const inner: unknown = shape instanceof z.ZodDefault ? shape.unwrap() : shape;
    return { name, key, flag: `--${name}`, isSwitch: inner === flag, describes: shape.description ?? '' };
  });

/** What child processes such as git inherit: how to find and reach things, and no secret of ours. */
export const childEnvironment = (env: NodeJS.ProcessEnv = process.env): Record<string, string> =>
  Object.fromEntries(inherited.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));

const inherited = [
  'PATH',
  'HOME',
  'TMPDIR',
  'SSH_AUTH_SOCK',
  'GIT_SSH_COMMAND',
  'GIT_SSL_CAINFO',
  'SSL_CERT_FILE',
  'NIX_SSL_CERT_FILE',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
];
