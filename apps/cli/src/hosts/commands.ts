// hosts, host: the fleet as a table, one host as a page, and what an operator may change about it.
import { Argument, type Command, Option } from 'commander';
import { Host, HostPage, HostState, RotatedToken } from '@nixfleet/contract/hosts.ts';
import { allPages, type Api, get, Nothing, request } from '../api/client.ts';
import { usage } from '../api/failure.ts';
import { type Context, printJson } from '../context.ts';
import type { Connect } from '../session/connection.ts';
import { confirmName } from '../session/prompt.ts';
import { ago } from '@nixfleet/contract/measures.ts';
import { paintSpans, table } from '../terminal/table.ts';
import { oneLine } from '../terminal/text.ts';
import { parseEdit } from './edit.ts';
import { hostLines } from './page.ts';
import { configSpans, fleetSpans, loadSpans, statusOfHost, testSpans } from './status.ts';

const PAGE = 500;
const actions = ['set', 'rotate-token', 'retire'] as const;
type Action = (typeof actions)[number];
type HostOptions = { json?: true; revoke?: true; yes?: true };

const hostExamples = `
Examples:
  nixfleet host web1
  nixfleet host web1 set criticality=high comment="The shop" location=
  nixfleet host web1 rotate-token
  nixfleet host web1 retire
`;

export function hostCommands(program: Command, ctx: Context, connect: Connect): void {
  program
    .command('hosts')
    .description('list the fleet')
    .addOption(new Option('--state <state>', 'only hosts in this state').choices(HostState.options))
    .option('--search <text>', 'only hosts whose name contains this')
    .option('--json', 'print JSON')
    .action((options: { state?: HostState; search?: string; json?: true }) => listHosts(ctx, connect(), options));

  program
    .command('host')
    .argument('<host>', 'name or id')
    .addArgument(new Argument('[action]', 'what to change').choices(actions))
    .argument('[values...]', 'for set: key=value, an empty value gives the field back')
    .description('show a host, or change what is known of it')
    .option('--revoke', 'rotate-token: end the old token at once')
    .option('-y, --yes', 'retire: do not ask')
    .option('--json', 'print JSON')
    .addHelpText('after', hostExamples)
    .action((name: string, action: Action | undefined, values: string[], options: HostOptions) => {
      if (action !== 'set' && values.length > 0)
        throw usage(`${action ?? 'host'} takes no values`, 'nixfleet host --help');
      const api = connect();
      const path = `/api/hosts/${encodeURIComponent(name)}`;
      switch (action) {
        case undefined:
          return showHost(ctx, api, path, options);
        case 'set':
          return editHost(ctx, api, path, values, options);
        case 'rotate-token':
          return rotateToken(ctx, api, path, options);
        case 'retire':
          return retireHost(ctx, api, path, options);
      }
      return action satisfies never;
    });
}

export const everyHost = (api: Api, query: { state?: HostState; search?: string } = {}): Promise<Host[]> =>
  allPages(
    (after) => get(api, '/api/hosts', HostPage, { ...query, after, limit: PAGE }),
    (page) => page.hosts,
  );

async function listHosts(
  ctx: Context,
  api: Api,
  options: { state?: HostState; search?: string; json?: true },
): Promise<void> {
  const { json, ...query } = options;
  const hosts = await everyHost(api, query);
  if (json) return printJson(ctx, { hosts });
  const { paint } = ctx.out;
  if (hosts.length === 0)
    return ctx.err.lines([
      Object.keys(query).length > 0
        ? 'No host matches.'
        : 'No hosts yet: start an agent that knows this control plane.',
    ]);
  const now = ctx.now();
  ctx.out.lines(
    table<Host>(
      [
        { head: 'Host', cell: (h) => [['strong', h.name]], min: 8 },
        {
          head: 'Status',
          cell: (h) => {
            const { sign, word, tone } = statusOfHost(h, now);
            return [[tone, `${sign} ${word}`]];
          },
          min: 14,
        },
        { head: '', cell: (h) => [['mute', statusOfHost(h, now).remark]], from: 70, min: 12 },
        { head: 'Config', cell: configSpans },
        { head: 'Tests', cell: testSpans },
        { head: 'CPU', cell: (h) => loadSpans(h.facts.metrics?.value.cpu), align: 'right', from: 100 },
        { head: 'RAM', cell: (h) => loadSpans(h.facts.metrics?.value.ram), align: 'right', from: 100 },
        { head: 'Location', cell: (h) => h.location, from: 110, min: 6 },
        { head: 'Criticality', cell: (h) => h.criticality, from: 120 },
        { head: 'Seen', cell: (h) => [['mute', h.lastSeenAt === null ? 'never' : ago(h.lastSeenAt, now)]], from: 90 },
      ],
      hosts,
      { columns: ctx.out.columns(), paint },
    ),
  );
  ctx.out.lines(['', paintSpans(fleetSpans(hosts), paint)]);
}

async function showHost(ctx: Context, api: Api, path: string, { json }: HostOptions): Promise<void> {
  const host = await get(api, path, Host);
  if (json) return printJson(ctx, host);
  ctx.out.lines(hostLines(host, ctx.now(), ctx.out));
}

async function editHost(ctx: Context, api: Api, path: string, values: string[], { json }: HostOptions): Promise<void> {
  const host = await request(api, 'PATCH', path, Host, { body: parseEdit(values) });
  if (json) return printJson(ctx, host);
  ctx.out.lines([`${ctx.out.paint('ok', '✓')} ${ctx.out.paint('strong', oneLine(host.name))} changed`]);
}

async function rotateToken(ctx: Context, api: Api, path: string, { json, revoke }: HostOptions): Promise<void> {
  const body = { revoke: revoke === true };
  const rotated = await request(api, 'POST', `${path}/agent-token`, RotatedToken, { body });
  if (json) return printJson(ctx, rotated);
  ctx.out.lines([oneLine(rotated.agent_token)]);
  const { paint } = ctx.err;
  ctx.err.lines([
    `${paint('ok', '✓')} ${revoke ? 'The old token is refused from now on' : 'The old token stays valid until the new one is used'}`,
    `  ${paint('accent', 'Next:')} ${revoke ? 'put the new token into the host’s token file' : 'nothing where the agent is online: it takes the new token up by itself'}`,
  ]);
}

async function retireHost(ctx: Context, api: Api, path: string, { json, yes }: HostOptions): Promise<void> {
  const host = await get(api, path, Host);
  if (!yes)
    await confirmName(
      ctx,
      host.name,
      `Retiring ${oneLine(host.name)} ends its token and drops its queued runs. Type its name to go on`,
    );
  await request(api, 'DELETE', path, Nothing);
  if (json) return printJson(ctx, { id: host.id, name: host.name, retired: true });
  ctx.out.lines([`${ctx.out.paint('ok', '✓')} ${ctx.out.paint('strong', oneLine(host.name))} retired`]);
}
