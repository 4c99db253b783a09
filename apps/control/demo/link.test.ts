// A sample host's network goes up and down as its configuration or a test says.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startLink } from './link.ts';

/** A server that answers at once on `/` and never on `/held`, and a link to it. */
async function world(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-link-'));
  const networkFile = join(folder, 'network');
  const server = createServer((request, response) => {
    if (request.url === '/') response.end('here');
    else response.writeHead(200).write('held');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const link = await startLink({ to: { host: '127.0.0.1', port }, networkFile });
  t.after(async () => {
    await link.stop();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const ask = async (): Promise<string> => (await fetch(link.url, { signal: AbortSignal.timeout(5000) })).text();
  const hold = async (): Promise<string> =>
    (await fetch(`${link.url}/held`, { signal: AbortSignal.timeout(10_000) })).text();
  return { networkFile, link, ask, hold };
}

test('a link carries requests while nothing says otherwise', async (t) => {
  const { ask } = await world(t);
  assert.equal(await ask(), 'here');
});

test('a configuration that says down ends held connections and refuses new ones, until one says up', async (t) => {
  const { networkFile, ask, hold } = await world(t);
  const held = assert.rejects(hold(), { name: 'TypeError' });
  assert.equal(await ask(), 'here');
  writeFileSync(networkFile, 'network=down\n');
  await held;
  await assert.rejects(ask(), { name: 'TypeError' });
  writeFileSync(networkFile, 'network=up\n');
  assert.equal(await ask(), 'here');
});

test('a test can cut and restore it at once', async (t) => {
  const { link, ask, hold } = await world(t);
  assert.equal(await ask(), 'here');
  const held = assert.rejects(hold(), { name: 'TypeError' });
  link.cut();
  await held;
  await assert.rejects(ask(), { name: 'TypeError' });
  link.restore();
  assert.equal(await ask(), 'here');
});
