// The plain pages, for a browser without any script of ours needed: the fleet, a host, a run, and sign-in.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HostRef, RunId } from '@nixfleet/contract/names.ts';
import { isProblem } from '@nixfleet/contract/problem.ts';
import { sessionOf } from '../access/service.ts';
import type { Context } from '../context.ts';
import type { Routes } from '../http/app-type.ts';
import { getHostOverview, listHosts } from '../hosts/overview/service.ts';
import { outputText, readOutput } from '../runs/journal/service.ts';
import { getRun, listRunPage } from '../runs/service.ts';
import { getTargets } from '../targets/service.ts';
import { fleetBody } from './fleet.ts';
import { hostBody } from './host.ts';
import { html, type Html } from './html.ts';
import { page } from './layout.ts';
import { runBody } from './run.ts';
import { signInPage } from './sign-in.ts';

const HOSTS = 100;
const RUNS = 20;
/** The page shows the end of the output; all of it is at /api/runs/{id}/output. */
const OUTPUT_CHARS = 256 * 1024;

const assets: Record<string, string> = {
  'page.css': 'text/css; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

const hidden = { hide: true } as const;

export const pageRoutes: Routes = (ctx) => (app) => {
  type Shown = { title: string; body: Html };
  /** A page for whoever is signed in; the way to sign in for everybody else. */
  const show = async (
    request: FastifyRequest,
    reply: FastifyReply,
    work: () => Promise<Shown>,
  ): Promise<FastifyReply> => {
    const session = await sessionOf(ctx, request);
    if (!session) return reply.redirect('/login', 302);
    reply.type('text/html; charset=utf-8').header('cache-control', 'no-store');
    const signedIn = { actor: session.actor, csrfToken: session.csrfToken };
    try {
      return await reply.send(page({ ...(await work()), signedIn }));
    } catch (error) {
      if (!isProblem(error)) throw error;
      const body = html`<section class="empty">
        <h1>${error.message}</h1>
        <p>${error.next} <a href="/">Back to the fleet</a></p>
      </section>`;
      return reply.code(error.status).send(page({ title: error.message, body, signedIn }));
    }
  };

  app.get(
    '/login',
    {
      config: { access: 'public' },
      schema: { ...hidden, querystring: z.object({ error: z.string().max(100).optional() }) },
    },
    async (request, reply) => {
      if (await sessionOf(ctx, request)) return reply.redirect('/', 302);
      return reply.type('text/html; charset=utf-8').send(signInPage(request.query.error));
    },
  );

  app.get(
    '/',
    {
      config: { access: 'public' },
      schema: { ...hidden, querystring: z.object({ after: z.string().max(100).optional() }) },
    },
    (request, reply) =>
      show(request, reply, async () => {
        const { hosts, next } = await listHosts(ctx, { limit: HOSTS, after: request.query.after });
        const { targets } = await getTargets(ctx);
        return { title: 'Fleet', body: fleetBody(hosts, targets, next, ctx.now()) };
      }),
  );

  app.get(
    '/hosts/:name',
    { config: { access: 'public' }, schema: { ...hidden, params: z.object({ name: HostRef }) } },
    (request, reply) =>
      show(request, reply, async () => {
        const host = await getHostOverview(ctx, request.params.name);
        const { runs } = await listRunPage(ctx, { host: host.id, limit: RUNS });
        return { title: host.name, body: hostBody(host, runs, ctx.now()) };
      }),
  );

  app.get(
    '/runs/:id',
    { config: { access: 'public' }, schema: { ...hidden, params: z.object({ id: RunId }) } },
    (request, reply) =>
      show(request, reply, async () => {
        const run = await getRun(ctx, request.params.id);
        const output = await outputTail(ctx, run.id);
        return { title: `${run.verb} on ${run.hostName}`, body: runBody(run, output, ctx.now()) };
      }),
  );

  for (const [name, type] of Object.entries(assets)) {
    const content = readFileSync(join(import.meta.dirname, 'assets', name));
    app.get(`/assets/${name}`, { config: { access: 'public' }, schema: hidden }, (_request, reply) =>
      reply.type(type).header('cache-control', 'public, max-age=300').send(content),
    );
  }
};

async function outputTail(ctx: Context, runId: string): Promise<string> {
  let text = '';
  for await (const entries of readOutput(ctx, runId)) text = (text + outputText(entries)).slice(-OUTPUT_CHARS);
  return text;
}
