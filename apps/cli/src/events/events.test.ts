// `nixfleet events` as a program, over a connection that breaks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCli } from '../testing/cli.ts';
import { startControl } from '../testing/control.ts';
import { aHost, TOKEN } from '../testing/worlds.ts';

const frame = (id: number, event: string, body: object): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(body)}\n\n`;

test('events go on where they were after a break, and Ctrl-C ends them', async () => {
  const host = aHost({ n: 1 });
  const control = await startControl([host]);
  const cli = makeCli({ NIXFLEET_URL: control.url, NIXFLEET_TOKEN: TOKEN });
  try {
    control.feeds.push(
      frame(4, 'connected', { clients: 1 }),
      frame(5, 'host_changed', { type: 'host_changed', hostId: host.id }) +
        frame(5, 'access_changed', { type: 'access_changed', hostId: host.id }) +
        frame(6, 'new_in_2030', { type: 'x\u001b[2J' }),
    );
    const reading = cli.start(['events']);
    await reading.saw('new_in_2030');
    reading.signal('SIGINT');
    const { code, out } = await reading.done;
    assert.equal(code, 130);
    assert.match(
      out,
      /connected\n.*access changed {2}web1\n.*new_in_2030\n$/,
      'a host that is as it was is not worth a line',
    );
    assert.deepEqual(
      control.seen
        .filter((s) => s.path === '/api/events')
        .map((s) => s.headers['last-event-id'])
        .slice(0, 2),
      [undefined, '4'],
    );

    control.feeds.push(frame(9, 'host_changed', { type: 'host_changed', hostId: host.id }));
    const json = cli.start(['events', '--json', '--since', '8']);
    await json.saw('\n');
    json.signal('SIGINT');
    const [event] = (await json.done).out
      .split('\n')
      .map((l) => JSON.parse(l || 'null') as { id: number; name: string; hostId: string });
    assert.deepEqual([event?.id, event?.name, event?.hostId], [9, 'host_changed', host.id]);
  } finally {
    cli.remove();
    await control.close();
  }
});
