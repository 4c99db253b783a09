// The list of all routes with their access: refuses a route without one, and knows which methods a path takes.
import type { RouteOptions } from 'fastify';
import { Access } from '@nixfleet/contract/access.ts';

export type RouteLine = { method: string; path: string; access: Access };

export type RouteTable = {
  add(route: RouteOptions): void;
  /** Sorted by path, then method. */
  list(): RouteLine[];
  /** The methods of the routes whose path fits this URL. */
  methodsOf(url: string): string[];
};

const escape = (s: string): string => s.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** `/api/hosts/:id/x` and `/static/*`, as an expression over whole paths. */
const pattern = (path: string): RegExp =>
  new RegExp(
    `^${path
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : escape(part)))
      .join('/')}$`,
  );

export function makeRouteTable(): RouteTable {
  const lines: (RouteLine & { fits: RegExp })[] = [];
  return {
    add(route) {
      const { access } = (route.config ?? {}) as { access?: unknown };
      const declared = Access.safeParse(access);
      if (!declared.success)
        throw new Error(`${String(route.method)} ${route.url} does not say who may call it: config.access is missing`);
      for (const method of [route.method].flat())
        lines.push({ method, path: route.url, access: declared.data, fits: pattern(route.url) });
    },
    list: () =>
      lines
        .map(({ method, path, access }) => ({ method, path, access }))
        .sort((a, b) => (a.path === b.path ? (a.method < b.method ? -1 : 1) : a.path < b.path ? -1 : 1)),
    methodsOf(url) {
      const path = url.split('?', 1)[0] ?? url;
      return [...new Set(lines.filter((l) => l.fits.test(path)).map((l) => l.method))].sort();
    },
  };
}
