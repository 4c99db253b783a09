// Events told to people: hints are followed to what they hint at, and what is said twice on the wire is said once.
import { Host } from '@nixfleet/contract/hosts.ts';
import { clock } from '@nixfleet/contract/measures.ts';
import { type Api, get } from '../api/client.ts';
import { Failure } from '../api/failure.ts';
import type { Context } from '../context.ts';
import { everyHost } from '../hosts/commands.ts';
import { presenceSpans } from '../hosts/status.ts';
import { getRun } from '../runs/find.ts';
import { runSpans } from '../runs/status.ts';
import { paintSpans, type Span } from '../terminal/table.ts';
import { eventSpans, isRepeated, type ShownEvent } from './words.ts';

/** With more than this waiting, hints are told as they stand: asking for each would never catch up. */
const MAX_BEHIND = 50;

/** Gives the function that tells one event; lines keep the order of events. */
export async function eventTeller(ctx: Context, api: Api): Promise<(event: ShownEvent) => void> {
  const presence = (host: Host): string => paintSpans(presenceSpans(host), (_tone, text) => text);
  const hosts = (await everyHost(api)).map((host) => [host.id, { name: host.name, told: presence(host) }] as const);
  const known = new Map(hosts);
  const steps = new Map<string, string>();
  let behind = 0;
  let last: Promise<void> = Promise.resolve();

  /** What the event says to a person; undefined where that was said before. */
  const spansOf = async (event: ShownEvent): Promise<readonly Span[] | undefined> => {
    if (event.name === 'run_changed' && event.runId !== null) {
      const run = await getRun(api, event.runId);
      const step = `${run.state} ${run.phase}`;
      const betweenPhases = run.state === 'running' && run.phase === null;
      if (betweenPhases || steps.get(run.id) === step) return undefined;
      steps.set(run.id, step);
      return runSpans(run, ctx.now());
    }
    if (event.name === 'host_changed' && event.hostId !== null) {
      const host = await get(api, `/api/hosts/${encodeURIComponent(event.hostId)}`, Host);
      const told = presence(host);
      if (known.get(host.id)?.told === told) return undefined;
      known.set(host.id, { name: host.name, told });
      return presenceSpans(host);
    }
    return eventSpans(event, (id) => known.get(id)?.name);
  };

  const tell = async (event: ShownEvent): Promise<void> => {
    const plain = eventSpans(event, (id) => known.get(id)?.name);
    const spans =
      behind > MAX_BEHIND
        ? plain
        : await spansOf(event).catch((error: unknown) => {
            // Gone meanwhile, or not to be had just now: the hint itself is still true.
            if (error instanceof Failure) return plain;
            throw error;
          });
    if (spans) ctx.out.lines([paintSpans([['mute', `${clock(event.at)}  `], ...spans], ctx.out.paint)]);
  };

  return (event) => {
    if (isRepeated(event)) return;
    behind += 1;
    last = last
      .then(() => tell(event))
      .catch(() => undefined) // Ctrl-C in the middle of asking
      .finally(() => (behind -= 1));
  };
}
