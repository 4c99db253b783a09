// target: the configuration repositories, what they point to, and fetching them now.
import { type Command } from 'commander';
import { CommitPage, type CreateTarget, Target, TargetList } from '@nixfleet/contract/targets.ts';
import { allPages, type Api, get, Nothing, request } from '../api/client.ts';
import { exit, Failure } from '../api/failure.ts';
import { type Context, printJson } from '../context.ts';
import type { Connect } from '../session/connection.ts';
import { ago } from '@nixfleet/contract/measures.ts';
import { table } from '../terminal/table.ts';
import { oneLine } from '../terminal/text.ts';
import { wholeNumber } from '../terminal/typed.ts';
import { refreshTargets } from './refresh.ts';
import { shortCommit, signatureSpans } from './words.ts';

type Json = { json?: true };

export function targetCommands(program: Command, ctx: Context, connect: Connect): void {
  const target = program
    .command('target')
    .description('configuration repositories: list, add, remove, refresh, commits');

  target
    .command('list', { isDefault: true })
    .description('list targets and the commit each points to')
    .option('--json', 'print JSON')
    .action(async (options: Json) => print(ctx, await get(connect(), '/api/targets', TargetList), options));

  target
    .command('add')
    .argument('<name>', 'what to call it')
    .argument('<url>', 'the repository: https, ssh, git or file URL, user@host:path, or a path')
    .description('add a configuration repository')
    .option('--branch <branch>', 'the branch to follow', 'main')
    .option('--json', 'print JSON')
    .action(async (name: string, url: string, options: Json & { branch: string }) => {
      const body: CreateTarget = { name, url, branch: options.branch };
      const added = await request(connect(), 'POST', '/api/targets', Target, { body });
      if (options.json) return printJson(ctx, added);
      ctx.out.lines([`${ctx.out.paint('ok', '✓')} ${ctx.out.paint('strong', oneLine(added.name))} added`]);
    });

  target
    .command('remove')
    .argument('<target>', 'name or id')
    .description('forget a repository; hosts that used it keep what they run')
    .option('--json', 'print JSON')
    .action(async (name: string, options: Json) => {
      await request(connect(), 'DELETE', `/api/targets/${encodeURIComponent(name)}`, Nothing);
      if (options.json) return printJson(ctx, { name, removed: true });
      ctx.out.lines([`${ctx.out.paint('ok', '✓')} ${ctx.out.paint('strong', oneLine(name))} removed`]);
    });

  target
    .command('refresh')
    .description('fetch all targets now')
    .option('--json', 'print JSON')
    .action(async (options: Json) => {
      print(ctx, { targets: await refreshTargets(connect()) }, options);
    });

  target
    .command('commits')
    .argument('[target]', 'name or id (default: the only one)')
    .description('list a target’s recent commits')
    .option('-n, --limit <number>', 'at most so many', wholeNumber, 20)
    .option('--json', 'print JSON')
    .action((name: string | undefined, options: Json & { limit: number }) =>
      listCommits(ctx, connect(), name, options),
    );
}

function print(ctx: Context, list: { targets: Target[] }, options: Json): void {
  if (options.json) return printJson(ctx, list);
  if (list.targets.length === 0)
    return ctx.err.lines([
      'No targets yet.',
      `  ${ctx.err.paint('accent', 'Next:')} nixfleet target add fleet https://git.example.com/fleet.git`,
    ]);
  const now = ctx.now();
  ctx.out.lines(
    table<Target>(
      [
        { head: 'Target', cell: (t) => [['strong', t.name]] },
        { head: 'Branch', cell: (t) => t.branch, min: 6 },
        { head: 'Commit', cell: (t) => (t.head === null ? [['mute', 'none yet']] : shortCommit(t.head.commit)) },
        { head: 'Subject', cell: (t) => t.head?.subject ?? '', min: 12 },
        { head: 'Signature', cell: (t) => (t.head === null ? '' : signatureSpans(t.head)), from: 90, min: 10 },
        {
          head: 'Fetched',
          cell: (t) =>
            t.error !== null
              ? [['bad', `✗ ${t.error}`]]
              : [['mute', t.fetchedAt === null ? 'not yet' : ago(t.fetchedAt, now)]],
          min: 9,
        },
        { head: 'Hosts', cell: (t) => String(t.hosts), align: 'right', from: 70 },
        { head: 'Repository', cell: (t) => [['mute', t.url]], from: 110, min: 12 },
      ],
      list.targets,
      { columns: ctx.out.columns(), paint: ctx.out.paint },
    ),
  );
}

async function listCommits(
  ctx: Context,
  api: Api,
  name: string | undefined,
  options: Json & { limit: number },
): Promise<void> {
  const { targets } = await get(api, '/api/targets', TargetList);
  const wanted = name === undefined ? targets : targets.filter((t) => t.name === name || t.id === name);
  const [target] = wanted;
  const known = targets.map((t) => t.name).join(', ');
  if (target === undefined || wanted.length > 1)
    throw new Failure(
      name === undefined ? exit.usage : exit.problem,
      name === undefined ? `There are ${targets.length} targets; say which` : `No target is called ${name}`,
      {
        next: known === '' ? 'nixfleet target add NAME URL' : `one of ${known}`,
      },
    );
  const { limit } = options;
  const commits = await allPages(
    (after) =>
      get(api, `/api/targets/${encodeURIComponent(target.id)}/commits`, CommitPage, {
        after,
        limit: Math.min(limit, 100),
      }),
    (page) => page.commits,
    limit,
  );
  if (options.json) return printJson(ctx, { commits });
  const now = ctx.now();
  ctx.out.lines(
    table(
      [
        // The whole id: `run --commit` takes no abbreviation.
        { head: 'Commit', cell: (c) => c.commit },
        { head: 'Subject', cell: (c) => c.subject, min: 12 },
        { head: 'Author', cell: (c) => [['mute', c.author]], from: 100, min: 8 },
        { head: 'Signature', cell: signatureSpans, from: 120, min: 10 },
        { head: 'When', cell: (c) => [['mute', ago(c.at, now)]], from: 80 },
      ],
      commits,
      { columns: ctx.out.columns(), paint: ctx.out.paint },
    ),
  );
}
