// completion: the scripts, and the hidden command they ask for the names of hosts, runs, targets and servers.
import { Argument, type Command } from 'commander';
import { HostPage } from '@nixfleet/contract/hosts.ts';
import { RunPage } from '@nixfleet/contract/runs.ts';
import { TargetList } from '@nixfleet/contract/targets.ts';
import { type Api, get } from '../api/client.ts';
import type { Context } from '../context.ts';
import type { Connect } from '../session/connection.ts';
import { shortId, statusOfRun } from '../runs/status.ts';
import { readServers } from '../session/servers.ts';
import { oneLine } from '../terminal/text.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { completionTree, type Node, type WordKind } from './tree.ts';
import { zshScript } from './zsh.ts';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } satisfies Record<string, (n: Node[]) => string>;
type Shell = keyof typeof scripts;

/** Somebody waits with a finger on the Tab key. */
const DEADLINE_MS = 1500;
const OFFERED = 500;
/** Whatever else a name may hold, a shell shall not get to see it. */
const harmless = /^[A-Za-z0-9][A-Za-z0-9._:-]*$/;

type Offer = readonly [word: string, description: string];

export function completionCommands(program: Command, ctx: Context, connect: Connect): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(scripts)))
    .description('print a completion script')
    .addHelpText('after', '\nExample:\n  source <(nixfleet completion bash)')
    .action((shell: Shell) => ctx.out.raw(scripts[shell](completionTree(program))));

  program
    .command('__complete', { hidden: true })
    .addArgument(new Argument('<kind>').choices(['hosts', 'runs', 'targets', 'servers'] satisfies WordKind[]))
    .action(async (kind: WordKind) => {
      // Completion that fails offers nothing: an error in the middle of a command line would only be in the way.
      const offers = await offersOf(kind, ctx, connect).catch((): Offer[] => []);
      const safe = offers.filter(([word]) => harmless.test(word));
      ctx.out.raw(safe.map(([word, description]) => `${word}\t${oneLine(description)}\n`).join(''));
    });
}

async function offersOf(kind: WordKind, ctx: Context, connect: Connect): Promise<Offer[]> {
  if (kind === 'servers')
    return Object.entries(readServers(ctx.settings.file).servers).map(([name, { url }]) => [name, url]);
  const connected = connect();
  const api: Api = { ...connected, signal: AbortSignal.any([connected.signal, AbortSignal.timeout(DEADLINE_MS)]) };
  switch (kind) {
    case 'hosts':
      return (await get(api, '/api/hosts', HostPage, { limit: OFFERED })).hosts.map((h) => [h.name, h.state]);
    case 'runs': {
      const { runs } = await get(api, '/api/runs', RunPage, { limit: 50 });
      return [
        ...runs.map((r): Offer => [shortId(r.id), `${r.verb} on ${r.hostName}: ${statusOfRun(r, ctx.now()).word}`]),
        ...[...new Set(runs.map((r) => r.hostName))].map((name): Offer => [name, 'its latest run']),
      ];
    }
    case 'targets':
      return (await get(api, '/api/targets', TargetList)).targets.map((t) => [t.name, t.url]);
  }
  return kind satisfies never;
}
