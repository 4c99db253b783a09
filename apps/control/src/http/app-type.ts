// What every route file builds on: the typed Fastify instance, and the access that each route must declare.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Access } from '@nixfleet/contract/access.ts';
import type { Context } from '../context.ts';

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** A feature's routes. Each route says who may call it in `config.access`; one that does not keeps the app from starting. */
export type Routes = (ctx: Context) => (app: App) => void | Promise<void>;

declare module 'fastify' {
  interface FastifyContextConfig {
    access: Access;
  }
}
