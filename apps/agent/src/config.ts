// The agent's configuration: one strict object, from flags, environment and a TOML file. Every path the agent touches on
// its host is a key here, so that a host can be relocated below any folder.
import { homedir, hostname, userInfo } from 'node:os';
import * as z from 'zod';
import { Attribute, Branch, HostName, RepositoryUrl, ThemeColor } from '@nixfleet/contract/names.ts';
import { Platform } from '@nixfleet/contract/verbs.ts';
import { flag, integer, loadConfig } from '@nixfleet/kit/config.ts';

const path = (what: string) =>
  z
    .string()
    .startsWith('/', { message: 'expected an absolute path' })
    .refine((s) => !s.includes('\0') && !s.split('/').includes('..'), { message: 'expected a path without ..' })
    .describe(what);

export const AgentConfig = z.object({
  url: z.url({ protocol: /^https?$/ }).describe('the control plane, e.g. https://fleet.example.com'),
  tokenFile: path('file with the bootstrap or host token: bare, or NIXFLEET_TOKEN=…').optional(),
  token: z.string().min(16).max(512).optional().describe('the token itself; prefer tokenFile'),
  stateDir: path('where the key, the mirror and the runs live').default('/var/lib/nixfleet-agent'),
  hostname: HostName.describe('this host’s name; default the short host name'),
  platform: Platform.describe('nixos, nix-darwin or home-manager'),
  user: z.string().max(64).describe('home-manager: whose configuration'),
  attribute: Attribute.optional().describe('flake attribute to build; default by platform, host name and user'),
  repository: RepositoryUrl.optional().describe(
    'the configuration repository; default the one the control plane names',
  ),
  branch: Branch.optional().describe('only deploy commits of this branch'),
  trustedSigners: path('allowed-signers file (ssh-keygen(1)): deploy only commits signed by these').optional(),
  requireTests: flag.default(false).describe('a deployment is confirmed only after the host’s tests pass'),
  profile: path('the Nix profile whose generations are deployed').optional(),
  currentSystem: path('the link to the running closure').optional(),
  bootedSystem: path('the link to the booted closure').optional(),
  confirmMs: integer(1000, 3_600_000).default(120_000).describe('confirm window, milliseconds'),
  testDeadlineMs: integer(100, 86_400_000).default(120_000).describe('deadline of each test script, milliseconds'),
  intervalMs: integer(1000, 3_600_000).default(30_000).describe('longest time between two check-ins, milliseconds'),
  executor: z.enum(['auto', 'systemd', 'launchd', 'detached']).default('auto').describe('what runs the executor'),
  stasysmoDir: path('StaSysMo’s folder (cpu, ram, …)').optional(),
  stasysmoSnapshot: path('StaSysMo’s snapshot file').optional(),
  allowInsecureHttp: flag.default(false).describe('allow http: to other than loopback'),
  caFile: path('further certificate authorities, PEM').optional(),
  location: z.string().max(50).optional(),
  deviceType: z.string().max(50).optional(),
  criticality: z.enum(['low', 'medium', 'high']).optional(),
  themeColor: ThemeColor.optional(),
  icon: z.string().max(10).optional(),
  comment: z.string().max(500).optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});
export type AgentConfig = z.infer<typeof AgentConfig>;

/** Environment names; v1's are kept. `NIXFLEET_INTERVAL` is in seconds, as v1 had it. */
const envOf = (env: NodeJS.ProcessEnv): Record<string, string | undefined> => ({
  url: env['NIXFLEET_URL'],
  token: env['NIXFLEET_TOKEN'],
  tokenFile: env['NIXFLEET_TOKEN_FILE'],
  stateDir: env['NIXFLEET_STATE_DIR'] ?? env['STATE_DIRECTORY'],
  location: env['NIXFLEET_LOCATION'],
  deviceType: env['NIXFLEET_DEVICE_TYPE'],
  themeColor: env['NIXFLEET_THEME_COLOR'],
  caFile: env['NIXFLEET_CA_FILE'],
  allowInsecureHttp: env['NIXFLEET_ALLOW_INSECURE_HTTP'],
  intervalMs: env['NIXFLEET_INTERVAL'] ? String(Number(env['NIXFLEET_INTERVAL']) * 1000) : undefined,
});

/** What a host name looks like before it is checked: the first label of what the system says. */
const shortName = (name: string): string => (name.split('.')[0] ?? '').toLowerCase();

const isLoopback = (url: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function allowsUrl(text: string, insecure: unknown): boolean {
  const url = new URL(text);
  return url.protocol === 'https:' || insecure === true || isLoopback(url);
}

/** With the defaults that only the host can give, and with what no single key can tell; that is checked even while other
 * keys are wrong, so that all problems are reported at once. */
const shapeFor = (systemName: string | undefined) =>
  AgentConfig.extend({
    hostname: AgentConfig.shape.hostname.prefault(() => shortName(systemName ?? hostname())),
    user: AgentConfig.shape.user.prefault(() => userInfo().username),
  })
    .refine((c) => allowsUrl(c.url, c.allowInsecureHttp), {
      path: ['url'],
      message: 'expected https: (http: only to this machine itself, or with allowInsecureHttp)',
      when: ({ value }) => isRecord(value) && AgentConfig.shape.url.safeParse(value['url']).success,
    })
    .refine((c) => c.token !== undefined || c.tokenFile !== undefined, {
      path: ['tokenFile'],
      message: 'expected the file with the bootstrap token',
      when: ({ value }) => isRecord(value),
    });

export type Flags = {
  config?: string | undefined;
  /** What the system calls this host, where `hostname` does not name it. */
  systemName?: string | undefined;
};

/** Reads the whole configuration. The file defaults to `NIXFLEET_AGENT_CONFIG`, then /etc/nixfleet/agent.toml. */
export function readConfig(env: NodeJS.ProcessEnv, { config, systemName }: Flags = {}): AgentConfig {
  const named = config ?? env['NIXFLEET_AGENT_CONFIG'];
  return loadConfig(shapeFor(systemName), {
    program: 'nixfleet-agent',
    env: envOf(env),
    file: { path: named ?? '/etc/nixfleet/agent.toml', required: named !== undefined },
  });
}

/** The home folder home-manager's paths hang from. */
export const homeOf = (): string => homedir();
