// Which control plane a command talks to: --server beats the environment beats the current sign-in.
import type { Api } from '../api/client.ts';
import { exit, Failure, notSignedIn, usage } from '../api/failure.ts';
import type { Settings } from '../config.ts';
import { findServer, readServers, type Servers } from './servers.ts';

/** Finds who to talk to when a command runs, not before: help and completion need no sign-in. */
export type Connect = () => Api;

const isUrl = (text: string): boolean => /^https?:\/\//.test(text) && URL.canParse(text);

export type Chosen = { url: string; token: string | undefined };

/** Pure: what is chosen among what is known. The environment’s token is never sent to a server it was not named for. */
export function chooseServer(
  wanted: string | undefined,
  settings: Pick<Settings, 'url' | 'token'>,
  servers: Servers,
): Chosen {
  const named = wanted ?? settings.url;
  if (named === undefined) {
    const current = servers.current === undefined ? undefined : findServer(servers, servers.current);
    if (!current) throw notSignedIn(undefined);
    return { url: current.url, token: settings.token ?? current.token };
  }
  const known = findServer(servers, named);
  if (!known && !isUrl(named)) {
    const names = Object.keys(servers.servers);
    throw usage(
      `No sign-in is called ${named}`,
      names.length === 0 ? 'nixfleet login URL' : `one of ${names.join(', ')}, or nixfleet login URL --name ${named}`,
    );
  }
  const url = known?.url ?? named;
  const mayUseToken = wanted === undefined || (settings.url !== undefined && sameOrigin(settings.url, url));
  const token = (mayUseToken ? settings.token : undefined) ?? known?.token;
  if (token === undefined) throw notSignedIn(url);
  return { url, token };
}

const sameOrigin = (a: string, b: string): boolean => isUrl(a) && isUrl(b) && new URL(a).origin === new URL(b).origin;

export function connect(settings: Settings, wanted: string | undefined, signal: AbortSignal): Api {
  const chosen = chooseServer(wanted, settings, readServers(settings.file));
  if (!isUrl(chosen.url))
    throw new Failure(exit.config, `${chosen.url} is not a URL`, { next: 'give it as https://fleet.example.com' });
  return { ...chosen, signal };
}
