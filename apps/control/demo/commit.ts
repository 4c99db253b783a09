// The sample commits: a good one, and one for each way a deployment goes wrong. A good commit also mends what a bad one
// broke. Usage: npm run demo:commit -- good|fails-activation|fails-tests|cuts-off [HOST…]
import { join } from 'node:path';
import { changeHost, openRepository, publish, type Repository } from './repository.ts';
import { Packages, type SampleHostName, sampleHostNames, sampleHosts, Settings } from './hosts.ts';
import { git } from './git.ts';

type Change = { what: string; hosts: readonly SampleHostName[]; settings: (healthy: Settings) => Settings };

const eachService = (
  settings: Settings,
  change: (s: Settings['services'][string]) => Settings['services'][string],
): Settings => ({
  ...settings,
  services: Object.fromEntries(Object.entries(settings.services).map(([name, s]) => [name, change(s)])),
});

export const changes = {
  good: { what: 'newer versions', hosts: sampleHostNames, settings: (s) => s },
  'fails-activation': {
    what: 'services that do not start',
    hosts: ['web1'],
    settings: (s) => eachService(s, (service) => ({ ...service, starts: false })),
  },
  'fails-tests': {
    what: 'services on ports that nobody expects',
    hosts: ['web1'],
    settings: (s) => eachService(s, (service) => ({ ...service, port: service.port + 1 })),
  },
  'cuts-off': {
    what: 'a firewall that keeps the control plane out',
    hosts: ['web1'],
    settings: (s) => ({ ...s, network: 'down' }),
  },
} as const satisfies Record<string, Change>;
export type ChangeName = keyof typeof changes;

/** Raises the last number of a version: `1.27.1` → `1.27.2`. */
export const raise = (version: string): string => version.replace(/\d+(?=\D*$)/, (n) => String(Number(n) + 1));

/** Commits and pushes the change; gives the commit and what its subject says. */
export async function commitChange(
  repository: Repository,
  name: ChangeName,
  hosts: readonly SampleHostName[] = changes[name].hosts,
): Promise<{ commit: string; subject: string }> {
  const round = Number(await git(repository.work, repository.path, 'rev-list', '--count', 'HEAD'));
  const raised: string[] = [];
  for (const host of sampleHostNames) {
    const healthy = Settings.parse(sampleHosts[host].settings);
    const chosen = hosts.includes(host);
    changeHost(repository, host, 'settings.json', Settings, () => (chosen ? changes[name].settings(healthy) : healthy));
    if (!chosen) continue;
    changeHost(repository, host, 'packages.json', Packages, (packages) => {
      const names = Object.keys(packages);
      // Each commit raises two of the host's packages, other ones than the last.
      const chosenNames = [names[round % names.length], names[(round + 1) % names.length]];
      return Object.fromEntries(
        Object.entries(packages).map(([each, { version, size }]) => {
          if (!chosenNames.includes(each)) return [each, { version, size }];
          raised.push(`${each} ${raise(version)}`);
          return [each, { version: raise(version), size: size + 320 }];
        }),
      );
    });
  }
  const subject = `${hosts.join(', ')}: ${[...new Set(raised)].join(', ')}${name === 'good' ? '' : `, ${changes[name].what}`}`;
  return { commit: await publish(repository, subject), subject };
}

async function main(argv: string[], folder: string, path: string): Promise<void> {
  const [name = '', ...hosts] = argv;
  const isChange = (s: string): s is ChangeName => Object.hasOwn(changes, s);
  const isHost = (s: string): s is SampleHostName => Object.hasOwn(sampleHosts, s);
  if (!isChange(name)) throw new Error(`usage: npm run demo:commit -- ${Object.keys(changes).join('|')} [HOST…]`);
  const unknown = hosts.find((h) => !isHost(h));
  if (unknown !== undefined) throw new Error(`no host ${unknown}; there are ${sampleHostNames.join(', ')}`);
  const repository = await openRepository({ folder, path, pace: '0.4' });
  const chosen = hosts.filter(isHost);
  const { commit, subject } = await commitChange(repository, name, chosen.length > 0 ? chosen : undefined);
  console.log(`committed ${commit.slice(0, 10)}  ${subject}`);
  console.log('next: npx nixfleet run pull-switch --all --watch');
}

if (import.meta.main) {
  const data = process.env['NIXFLEET_DEMO_DATA'] ?? join(import.meta.dirname, '../../../.data');
  try {
    await main(process.argv.slice(2), join(data, 'repository'), process.env['PATH'] ?? '');
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
