// A control plane for one test: the real app on a real database, a clock the test moves, clients of every kind. It closes
// itself when the test ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { hash } from '@node-rs/bcrypt';
import { silent } from '@nixfleet/kit/log.ts';
import { ControlConfig } from '../config.ts';
import type { Context } from '../context.ts';
import { openTestDatabase } from '../db/test-database.ts';
import type { App, Routes } from '../http/app-type.ts';
import type { RouteLine } from '../http/route-table.ts';
import { openControl } from '../main.ts';
import { bearer, type Client, makeClient, signInClient } from './client.ts';
import { testServer } from './config.ts';

export const PASSWORD = 'correct horse battery staple';
export const BOOTSTRAP_TOKEN = 'shared-token-of-agents-in-tests';

export type Clock = { now: number; advance(ms: number): void };

export type World = {
  ctx: Context;
  app: App;
  routeLines: RouteLine[];
  clock: Clock;
  /** A temporary folder that goes with the test; `config.dataDir` lies in it. */
  folder: string;
  stranger: Client;
  /** A signed-in operator, session and CSRF token included. */
  operator(): Promise<Client>;
  /** Whoever sends this bearer token, from an address if the test cares. */
  bearer: (token: string, address?: string) => Client;
  /** Listens on a free port of the loopback and gives the origin, for tests that need real connections. */
  listen(): Promise<string>;
};

export type WorldOptions = { now?: number; config?: Partial<ControlConfig>; moreRoutes?: Routes[] };

export const START = Date.UTC(2026, 0, 5, 12);

export async function makeWorld(
  t: TestContext,
  { now = START, config = {}, moreRoutes = [] }: WorldOptions = {},
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-control-'));
  const defaults = ControlConfig.parse({
    dataDir: join(folder, 'data'),
    passwordHash: await hash(PASSWORD, { cost: 4 }),
    sessionSecrets: ['first-session-secret', 'second-session-secret'],
    agentTokenHashSecret: 'secret-of-stored-tokens',
    apiToken: BOOTSTRAP_TOKEN,
  });
  const settings = { ...defaults, ...config };
  const clock: Clock = {
    now,
    advance(ms) {
      clock.now += ms;
    },
  };
  const { close, ...database } = await openTestDatabase(testServer());
  let stop = (): Promise<void> => Promise.resolve();
  t.after(async () => {
    await stop();
    await close();
    rmSync(folder, { recursive: true, force: true });
  });
  const control = await openControl({
    config: settings,
    database,
    log: silent,
    now: () => clock.now,
    checkAnswers: true,
    moreRoutes,
    background: false,
  });
  const { ctx, app, routeLines } = control;
  stop = () => control.close();
  return {
    ctx,
    app,
    routeLines,
    clock,
    folder,
    stranger: makeClient(app),
    operator: () => signInClient(app, PASSWORD),
    bearer: (token, address) => makeClient(app, bearer(token), address),
    listen: () => app.listen({ host: '127.0.0.1', port: 0 }),
  };
}
