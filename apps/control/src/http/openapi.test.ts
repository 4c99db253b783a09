// The description of the API: complete, tidy, and the same as the copy that is checked in.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as z from 'zod';
import { makeWorld } from '../testing/world.ts';
import { openApiDocument } from './openapi.ts';
import type { RouteLine } from './route-table.ts';

const Document = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        operationId: z.string(),
        summary: z.string().min(3),
        tags: z.array(z.string()).min(1),
        security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
        responses: z.looseObject({ default: z.object({ content: z.record(z.string(), z.unknown()) }) }),
      }),
    ),
  ),
  components: z.object({
    schemas: z.record(z.string(), z.unknown()),
    securitySchemes: z.record(z.string(), z.unknown()),
  }),
});

const read = async () => Document.parse(await openApiDocument());

test('every route is described, with a summary, a tag and its problems', async (t) => {
  const { paths } = await read();
  const { routeLines } = await makeWorld(t);
  const described = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const isPage = (r: RouteLine): boolean => r.method === 'GET' && !/^\/(?:api\/|health$)/.test(r.path);
  const routes = routeLines.filter((r) => !isPage(r)).map((r) => `${r.method} ${r.path.replaceAll(/:(\w+)/g, '{$1}')}`);
  assert.deepEqual(described.sort(), routes.sort());
  for (const item of Object.values(paths))
    for (const operation of Object.values(item))
      assert.deepEqual(Object.keys(operation.responses.default.content), ['application/problem+json']);
  const ids = Object.values(paths).flatMap((item) => Object.values(item).map((o) => o.operationId));
  assert.equal(new Set(ids).size, ids.length);
});

test('who may call is said for every route that is not public', async (t) => {
  const { paths, components } = await read();
  const { routeLines } = await makeWorld(t);
  for (const { method, path, access } of routeLines) {
    const operation = paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
    if (!operation) continue;
    const schemes = (operation.security ?? []).flatMap((s) => Object.keys(s));
    assert.equal(schemes.length === 0, access === 'public', `${method} ${path}`);
    for (const scheme of schemes) assert.ok(scheme in components.securitySchemes);
  }
});

test('every shape is named once, and every name is there', async () => {
  const document = await read();
  const text = JSON.stringify(document);
  const named = new Set(Object.keys(document.components.schemas));
  const used = new Set([...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map((m) => m[1]));
  assert.deepEqual(used, named);
  for (const name of ['Host', 'Run', 'Target', 'ProblemBody', 'Checkin']) assert.ok(named.has(name), name);
});

test('the checked-in copy is the document of today', async () => {
  const path = join(import.meta.dirname, '../../../../docs/reference/openapi.json');
  const copy: unknown = JSON.parse(readFileSync(path, 'utf8'));
  assert.deepEqual(copy, JSON.parse(JSON.stringify(await openApiDocument())), 'npm run fix writes it anew');
});

test('a running control plane gives the same document', async (t) => {
  const { stranger } = await makeWorld(t);
  assert.deepEqual(JSON.parse((await stranger.get('/api/openapi.json')).text), await openApiDocument());
});
