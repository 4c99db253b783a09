// Signing in and out, the session, and API tokens.
import * as z from 'zod';
import type { FastifyReply } from 'fastify';
import {
  CreatedToken,
  CreateToken,
  CSRF_HEADER,
  Login,
  Session,
  SESSION_COOKIE,
  TokenList,
} from '@nixfleet/contract/access.ts';
import { TokenId } from '@nixfleet/contract/names.ts';
import { isProblem } from '@nixfleet/contract/problem.ts';
import type { Context } from '../context.ts';
import type { Routes } from '../http/app-type.ts';
import { atMost, everywhere } from '../http/security.ts';
import {
  checkCsrf,
  createApiToken,
  getApiTokens,
  removeApiToken,
  sessionOf,
  SESSION_MS,
  signIn,
  signOut,
} from './service.ts';

const TRIES_PER_ADDRESS = 5;
const TRIES_PER_MINUTE = 60;

export const accessRoutes: Routes = (ctx) => (app) => {
  // One count for both ways to sign in. Guessing from many addresses at once gains nothing either.
  const limits = {
    onRequest: app.rateLimit(atMost(TRIES_PER_ADDRESS)),
    preParsing: everywhere(ctx, app, 'sign-in', TRIES_PER_MINUTE),
  };

  app.post(
    '/login',
    {
      config: { access: 'public', rateLimit: false },
      schema: {
        summary: 'Sign in from the form',
        tags: ['access'],
        consumes: ['application/x-www-form-urlencoded'],
        body: Login,
        response: { 302: z.undefined() },
      },
      ...limits,
    },
    async (request, reply) => {
      try {
        const { cookie } = await signIn(ctx, request.body.password);
        return await setCookie(ctx, reply, cookie).redirect('/', 302);
      } catch (error) {
        if (!isProblem(error, 'unauthenticated')) throw error;
        return reply.redirect('/login?error=Invalid+password', 302);
      }
    },
  );

  app.post(
    '/api/login',
    {
      config: { access: 'public', rateLimit: false },
      schema: { summary: 'Sign in', tags: ['access'], body: Login, response: { 200: Session } },
      ...limits,
    },
    async (request, reply) => {
      const { session, cookie } = await signIn(ctx, request.body.password);
      setCookie(ctx, reply, cookie);
      return session;
    },
  );

  app.post(
    '/logout',
    {
      // Public, because without a session it only shows the way to /login; with one it asks for the CSRF token itself.
      config: { access: 'public' },
      schema: {
        summary: 'Sign out',
        tags: ['access'],
        body: z.object({ csrf_token: z.string().max(200).optional() }).nullish(),
        response: { 302: z.undefined() },
      },
    },
    async (request, reply) => {
      const session = await sessionOf(ctx, request);
      if (session) {
        checkCsrf(ctx, session, request.headers[CSRF_HEADER] ?? request.body?.csrf_token);
        await signOut(ctx, session);
      }
      return reply.clearCookie(SESSION_COOKIE, { path: '/' }).redirect('/login', 302);
    },
  );

  app.get(
    '/api/session',
    {
      config: { access: 'operator' },
      schema: { summary: 'Who is signed in', tags: ['access'], response: { 200: Session } },
    },
    async (request) => {
      const session = request.headers.authorization === undefined ? await sessionOf(ctx, request) : undefined;
      return { actor: request.actor, csrfToken: session?.csrfToken ?? null, expiresAt: session?.expiresAt ?? null };
    },
  );

  app.post(
    '/api/tokens',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Make an API token',
        description: 'The raw token is in this answer only.',
        tags: ['access'],
        body: CreateToken,
        response: { 201: CreatedToken },
      },
    },
    async (request, reply) => reply.code(201).send(await createApiToken(ctx, request.body)),
  );

  app.get(
    '/api/tokens',
    {
      config: { access: 'operator' },
      schema: { summary: 'List API tokens', tags: ['access'], response: { 200: TokenList } },
    },
    async () => ({ tokens: await getApiTokens(ctx) }),
  );

  app.delete(
    '/api/tokens/:id',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'End an API token',
        tags: ['access'],
        params: z.object({ id: TokenId }),
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await removeApiToken(ctx, request.params.id);
      return reply.code(204).send();
    },
  );
};

const setCookie = (ctx: Context, reply: FastifyReply, value: string): FastifyReply =>
  reply.setCookie(SESSION_COOKIE, value, {
    path: '/',
    httpOnly: true,
    secure: !ctx.config.devMode,
    sameSite: ctx.config.devMode ? 'lax' : 'strict',
    maxAge: SESSION_MS / 1000,
  });
