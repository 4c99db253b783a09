// The sign-ins of this user: one file, readable by them alone, with a control plane per name and the current one.
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { issuesOf } from '@nixfleet/contract/problem.ts';
import { readFileIfPresent, writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';
import { exit, Failure } from '../api/failure.ts';

export const Server = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  token: z.string().min(1),
  /** The token’s id, where we made it ourselves: so that logout can take it back. */
  tokenId: z.string().optional(),
});
export type Server = z.infer<typeof Server>;

export const Servers = z.strictObject({
  current: z.string().optional(),
  servers: z.record(z.string(), Server),
});
export type Servers = z.infer<typeof Servers>;

export function readServers(file: string): Servers {
  const text = readFileIfPresent(file);
  if (text === undefined) return { servers: {} };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Failure(exit.config, `${file} is not JSON`, {
      why: cause instanceof Error ? cause.message : String(cause),
      next: 'mend the file, or remove it and sign in again',
    });
  }
  const parsed = Servers.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new Failure(exit.config, `${file} is not what nixfleet wrote`, {
    issues: issuesOf(parsed.error),
    next: 'mend the file, or remove it and sign in again',
  });
}

export function writeServers(file: string, servers: Servers): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileAtomic(file, `${JSON.stringify(servers, null, 2)}\n`, 0o600);
  // The umask may only take away; a mode wider than asked cannot come from us, but one that was there may.
  chmodSync(file, 0o600);
}

/** The name a server gets when none is given: its host, and its port where it has one. */
export const defaultName = (url: string): string => new URL(url).host;

/** Finds by name or by URL. */
export function findServer(servers: Servers, wanted: string): (Server & { name: string }) | undefined {
  const bare = (url: string): string => url.replace(/\/+$/, '');
  for (const [name, server] of Object.entries(servers.servers))
    if (name === wanted || bare(server.url) === bare(wanted)) return { name, ...server };
  return undefined;
}

export const withServer = (servers: Servers, name: string, server: Server): Servers => ({
  current: name,
  servers: { ...servers.servers, [name]: server },
});

/** The next best server becomes the current one. */
export function withoutServer(servers: Servers, name: string): Servers {
  const { [name]: _gone, ...rest } = servers.servers;
  const current = servers.current === name ? Object.keys(rest)[0] : servers.current;
  return { ...(current === undefined ? {} : { current }), servers: rest };
}
