// Passes connections on from one place to another. Started as a program in the site it leads from a Unix socket, which knows
// no network namespaces, to a port there; in the test's own process it leads from the loopback to that socket.
import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts, type ListenOptions, type Server, type Socket } from 'node:net';

/** Each connection ends when either side of it does. */
export async function relay(from: ListenOptions, to: NetConnectOpts): Promise<Server & AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = connect(to);
    for (const [one, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(from);
  await once(server, 'listening');
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
}

if (import.meta.main) {
  const [path = '', host = '', port = ''] = process.argv.slice(2);
  await relay({ path }, { host, port: Number(port) });
}
