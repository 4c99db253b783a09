// login, logout, servers: who we are to which control plane.
import type { Command } from 'commander';
import { Session } from '@nixfleet/contract/access.ts';
import { type Api, get, Nothing, request } from '../api/client.ts';
import { exit, Failure, notSignedIn, usage } from '../api/failure.ts';
import { type Context, printJson } from '../context.ts';
import { oneLine } from '../terminal/text.ts';
import { table } from '../terminal/table.ts';
import { readPiped } from './prompt.ts';
import { makeToken, type PasswordOptions } from './sign-in.ts';
import {
  defaultName,
  findServer,
  readServers,
  type Server,
  withoutServer,
  withServer,
  writeServers,
} from './servers.ts';

type LoginOptions = PasswordOptions & { tokenStdin?: true; name?: string };

export function sessionCommands(program: Command, ctx: Context): void {
  program
    .command('login')
    .argument('<url>', 'the control plane, e.g. https://fleet.example.com')
    .description('sign in, and keep an API token for this machine')
    .option('--password-stdin', 'read the password from stdin')
    .option('--token-stdin', 'read an API token from stdin instead of making one')
    .option('--totp', 'ask for a one-time code too')
    .option('--name <name>', 'what to call this control plane (default: its host)')
    .action((url: string, options: LoginOptions) => login(ctx, url, options));

  program
    .command('logout')
    .argument('[server]', 'name or URL (default: the current one)')
    .description('take this machine’s API token back and forget it')
    .action((server: string | undefined) => logout(ctx, server ?? program.opts<{ server?: string }>().server));

  program
    .command('servers')
    .argument('[server]', 'make this one the current one')
    .description('list the control planes you are signed in to, or switch between them')
    .option('--json', 'print JSON')
    .action((server: string | undefined, options: { json?: true }) => listServers(ctx, server, options));
}

async function login(ctx: Context, given: string, options: LoginOptions): Promise<void> {
  const url = serverUrl(given);
  if (options.passwordStdin && options.tokenStdin) throw usage('--password-stdin and --token-stdin exclude each other');
  warnAboutHttp(ctx, url);
  const anonymous: Api = { url, token: undefined, signal: ctx.stopped };
  const server: Server = options.tokenStdin
    ? { url, token: await readPiped(ctx) }
    : { url, ...(await makeToken(ctx, anonymous, options)) };
  // A token that does not work is not worth keeping.
  await get({ ...anonymous, token: server.token }, '/api/session', Session);
  const name = options.name ?? defaultName(url);
  writeServers(ctx.settings.file, withServer(readServers(ctx.settings.file), name, server));
  const { paint } = ctx.out;
  ctx.out.lines([
    `${paint('ok', '✓')} Signed in to ${paint('strong', oneLine(name))}`,
    `  ${paint('mute', `The token is kept in ${ctx.settings.file}`)}`,
  ]);
}

function serverUrl(given: string): string {
  const text = /^[a-z]+:\/\//.test(given) ? given : `https://${given}`;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw usage(`${given} is not the URL of a control plane`, 'nixfleet login https://fleet.example.com');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    throw usage(
      'The URL holds a password, which would end up in your shell’s history',
      'leave it out; nixfleet asks for it',
    );
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function warnAboutHttp(ctx: Context, url: string): void {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')) return;
  ctx.err.lines([
    `${ctx.err.paint('warn', '!')} ${url} is not encrypted: anyone on the way can read the password and the token`,
  ]);
}

async function logout(ctx: Context, wanted: string | undefined): Promise<void> {
  const servers = readServers(ctx.settings.file);
  const server = findServer(servers, wanted ?? servers.current ?? '');
  if (!server) throw notSignedIn(wanted);
  const problem = await revoke(ctx, server);
  writeServers(ctx.settings.file, withoutServer(servers, server.name));
  const { paint } = ctx.out;
  ctx.out.lines([`${paint('ok', '✓')} Signed out of ${paint('strong', server.name)}`]);
  if (problem) ctx.err.lines([`${ctx.err.paint('warn', '!')} ${problem}`]);
}

/** Undefined, or why the token still works over there. */
async function revoke(ctx: Context, { url, token, tokenId }: Server): Promise<string | undefined> {
  if (tokenId === undefined) return 'The token came from elsewhere and still works: take it back where it was made';
  try {
    await request({ url, token, signal: ctx.stopped }, 'DELETE', `/api/tokens/${encodeURIComponent(tokenId)}`, Nothing);
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.status === exit.notSignedIn || error.code === 'token_not_found') return undefined;
    return `The token is forgotten here but still works over there: ${oneLine(error.message)}. Delete ${tokenId} in the dashboard`;
  }
}

function listServers(ctx: Context, wanted: string | undefined, options: { json?: true }): void {
  let servers = readServers(ctx.settings.file);
  if (wanted !== undefined) {
    const server = findServer(servers, wanted);
    if (!server) throw notSignedIn(wanted);
    servers = { ...servers, current: server.name };
    writeServers(ctx.settings.file, servers);
  }
  const rows = Object.entries(servers.servers).map(([name, { url }]) => ({
    name,
    url,
    current: name === servers.current,
  }));
  if (options.json) return printJson(ctx, { servers: rows });
  if (rows.length === 0) throw notSignedIn(undefined);
  ctx.out.lines(
    table(
      [
        { head: '', cell: (r) => [['ok', r.current ? '●' : ' ']] },
        { head: 'Name', cell: (r) => [['strong', r.name]] },
        { head: 'URL', cell: (r) => r.url, min: 20 },
      ],
      rows,
      { columns: ctx.out.columns(), paint: ctx.out.paint },
    ),
  );
}
