// One run, followed live to its end: journal entries and states as they arrive, across breaks of the connection.
//
// INVARIANTS:
// - Entries reach `onEntry` in order, each once, whatever a reconnection repeats.
// - It settles only after the run has ended and every entry the control plane holds was passed on.
import { JournalEntry } from '@nixfleet/contract/journal.ts';
import { Run } from '@nixfleet/contract/runs.ts';
import { isOutcome } from '@nixfleet/contract/words.ts';
import type * as z from 'zod';
import type { Api } from '../api/client.ts';
import { type Message, readStream } from '../api/events.ts';
import { exit, Failure } from '../api/failure.ts';

export type Followed = {
  onEntry: (entry: JournalEntry) => void;
  onRun: (run: Run) => void;
  onConnection: (state: 'lost' | 'back') => void;
  now: () => number;
  random: () => number;
};

/** Gives the run as it ended. */
export async function followRun(api: Api, id: string, followed: Followed): Promise<Run> {
  let seen = -1;
  let ended: Run | undefined;
  const onMessage = (message: Message): boolean => {
    if (message.event === 'entry') {
      const entry = parsed(JournalEntry, message);
      if (entry.seq <= seen) return true;
      seen = entry.seq;
      followed.onEntry(entry);
    } else if (message.event === 'run') {
      const run = parsed(Run, message);
      followed.onRun(run);
      if (isOutcome(run.state)) ended = run;
    }
    // The result is the last entry; where a run never began there is none to wait for.
    return ended === undefined || seen + 1 < ended.journalNext;
  };
  await readStream(api, {
    path: `/api/runs/${encodeURIComponent(id)}/stream`,
    reached: true,
    onMessage,
    onConnection: followed.onConnection,
    now: followed.now,
    random: followed.random,
  });
  if (ended === undefined) throw new Failure(exit.internal, `The stream of ${id} ended before the run did`);
  return ended;
}

function parsed<S extends z.ZodType>(shape: S, message: Message): z.output<S> {
  let json: unknown;
  try {
    json = JSON.parse(message.text);
  } catch (cause) {
    throw new Failure(exit.internal, `The control plane sent a ${message.event} that is not JSON`, { cause });
  }
  const result = shape.safeParse(json);
  if (result.success) return result.data;
  throw new Failure(
    exit.internal,
    `The control plane sent a ${message.event} that this version of nixfleet cannot read`,
    {
      next: 'install the nixfleet that came with the control plane',
      cause: result.error,
    },
  );
}
