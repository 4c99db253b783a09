// Events as lines: when, what, to which host and run. Bodies are v1's or none, so only what is known of them is read.
import { Event, EventName } from '@nixfleet/contract/events.ts';
import { exit, Failure } from '../api/failure.ts';
import type { Message } from '../api/events.ts';
import { shortId } from '../runs/status.ts';
import type { Tone } from '../terminal/style.ts';
import type { Span } from '../terminal/table.ts';

export type ShownEvent = Omit<Event, 'id' | 'name'> & { id: number | null; name: string };

/** A whole event where the control plane sends one, else what message and body say of it. `now` dates what carries no time. */
export function eventOf(message: Message, now: number): ShownEvent {
  let json: unknown;
  try {
    json = JSON.parse(message.text);
  } catch (cause) {
    throw new Failure(exit.internal, `The control plane sent a ${message.event} that is not JSON`, { cause });
  }
  const whole = Event.safeParse(json);
  if (whole.success) return whole.data;
  const body = typeof json === 'object' && json !== null ? { ...json } : {};
  const id = message.id !== undefined && /^\d{1,15}$/.test(message.id) ? Number(message.id) : null;
  const text = (...names: string[]): string | null => {
    for (const [key, value] of Object.entries(body)) if (names.includes(key) && typeof value === 'string') return value;
    return null;
  };
  const at = 'at' in body && typeof body.at === 'number' ? body.at : now;
  return { id, at, name: message.event, hostId: text('hostId', 'host_id'), runId: text('runId', 'run_id'), body };
}

type Words = { text: string; tone: Tone };

const words: Record<EventName, Words> = {
  connected: { text: 'connected', tone: 'ok' },
  reset: { text: 'older events are no longer kept', tone: 'warn' },
  host_update: { text: 'host reported', tone: 'plain' },
  test_progress: { text: 'tests moved', tone: 'run' },
  command_queued: { text: 'run queued', tone: 'run' },
  host_changed: { text: 'host changed', tone: 'plain' },
  host_removed: { text: 'host retired', tone: 'warn' },
  metrics_changed: { text: 'new metrics', tone: 'mute' },
  run_changed: { text: 'run changed', tone: 'run' },
  target_changed: { text: 'target changed', tone: 'accent' },
  access_changed: { text: 'access changed', tone: 'gate' },
};

/** v1's names for what a hint says too, and the steady beat of metrics. */
export const isRepeated = ({ name }: ShownEvent): boolean =>
  name === 'host_update' || name === 'test_progress' || name === 'command_queued' || name === 'metrics_changed';

/** `hostName` gives the name of a host's id where it is known. */
export function eventSpans(event: ShownEvent, hostName: (id: string) => string | undefined): Span[] {
  const known = EventName.safeParse(event.name);
  const { text, tone }: Words = known.success ? words[known.data] : { text: event.name, tone: 'plain' };
  const host = event.hostId === null ? '' : (hostName(event.hostId) ?? event.hostId);
  const named = typeof event.body['name'] === 'string' ? event.body['name'] : '';
  return [
    [tone, text],
    ['strong', (host || named) === '' ? '' : `  ${host || named}`],
    ['mute', event.runId === null ? '' : `  ${shortId(event.runId)}`],
  ];
}
