// One request over real sockets: authorities, deadlines, giving up, connections.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isProblem } from '@nixfleet/contract/problem.ts';
import { commandOutput } from '@nixfleet/kit/command.ts';
import { type Caller, makeCaller } from './request.ts';
import { type Answer, type Heard, listen } from './testing/listen.ts';

const request = { path: '/x', body: {}, token: 't', deadlineMs: 5000 };

async function against(t: TestContext, route: (heard: Heard) => Answer): Promise<Caller> {
  const listener = await listen(0, async (heard) => route(heard));
  const caller = makeCaller({ url: `http://127.0.0.1:${listener.port}/behind/a/prefix/` });
  t.after(async () => {
    caller.close();
    await listener.close();
  });
  return caller;
}

const unavailable = (what: RegExp) => (error: unknown) => isProblem(error, 'unavailable') && what.test(error.message);

test('requests go below the path of the configured URL, over one connection unless asked for a fresh one', async (t) => {
  const heard: Heard[] = [];
  const { call } = await against(t, (h) => ({ json: { path: h.path, n: heard.push(h) } }));
  assert.deepEqual(await call(request), { path: '/behind/a/prefix/x', n: 1 });
  await call(request);
  await call({ ...request, fresh: true });
  const [a, b, c] = heard.map((h) => h.connection);
  assert.equal(a, b);
  assert.notEqual(b, c);
});

test('a request that is not answered ends at its deadline, one that is given up at once', async (t) => {
  const { call } = await against(t, () => ({ silence: true }));
  await assert.rejects(call({ ...request, deadlineMs: 50 }), unavailable(/no answer within 50 ms/));
  const stop = new AbortController();
  const pending = call({ ...request, signal: stop.signal });
  stop.abort();
  await assert.rejects(pending, unavailable(/given up/));
  await assert.rejects(call({ ...request, signal: stop.signal }), unavailable(/given up/));
});

test('a 410 or 404 that is not the control plane’s own decides nothing', async (t) => {
  const answers: Answer[] = [
    { status: 410, text: 'gone' },
    { status: 404, json: { detail: 'Not Found' } },
  ];
  const { call } = await against(t, () => answers.shift() ?? {});
  await assert.rejects(call(request), unavailable(/410/));
  await assert.rejects(call(request), unavailable(/404/));
});

test('a control plane with a certificate of its own is believed with `caFile` and not without', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-tls-'));
  const file = (name: string): string => join(folder, name);
  const made = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost'.split(
    ' ',
  );
  const named = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', file('key.pem'), '-out', file('cert.pem')];
  await commandOutput('openssl', [...made, ...named], { deadlineMs: 20_000 });
  const ca = readFileSync(file('cert.pem'), 'utf8');
  const server = createServer({ key: readFileSync(file('key.pem')), cert: ca }, (_, response) =>
    response.end('{"ok":1}'),
  );
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const [trusting, doubting] = [makeCaller({ url, ca }), makeCaller({ url })];
  t.after(() => {
    trusting.close();
    doubting.close();
    server.close();
    rmSync(folder, { recursive: true });
  });
  assert.deepEqual(await trusting.call(request), { ok: 1 });
  await assert.rejects(doubting.call(request), unavailable(/self-signed certificate/));
});
