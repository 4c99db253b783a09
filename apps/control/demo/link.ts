// A sample host's network: a loopback relay between its agent and the control plane. It is down while the host's
// configuration says so (etc/network), or while a test has cut it; then connections end and new ones are refused.
import { once } from 'node:events';
import { unwatchFile, watchFile } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { readFileIfPresent } from '@nixfleet/kit/atomic-file.ts';

export type Link = {
  /** What the agent takes for the control plane's address. */
  url: string;
  isUp: () => boolean;
  cut: () => void;
  restore: () => void;
  stop: () => Promise<void>;
};

export type LinkOptions = { to: { host: string; port: number }; networkFile: string };

export async function startLink({ to, networkFile }: LinkOptions): Promise<Link> {
  let isCut = false;
  const sockets = new Set<Socket>();
  const isUp = (): boolean => !isCut && readFileIfPresent(networkFile)?.trim() !== 'network=down';
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };

  const server = createServer((near) => {
    keep(near);
    if (!isUp()) return near.resetAndDestroy();
    const far = connect(to);
    keep(far);
    // Either end failing takes the other with it; the agent sees what a broken network shows it.
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const)
      socket.once('error', () => other.destroy()).once('close', () => other.destroy());
    near.pipe(far).pipe(near);
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const look = (): void => {
    if (!isUp()) drop();
  };
  watchFile(networkFile, { interval: 100 }, look);
  // listen() on a TCP port has an address object.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    isUp,
    cut: () => {
      isCut = true;
      drop();
    },
    restore: () => {
      isCut = false;
    },
    stop: async () => {
      unwatchFile(networkFile, look);
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}
