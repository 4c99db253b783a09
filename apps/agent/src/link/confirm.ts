// Tells a waiting executor whether the control plane can still be reached from the changed system: asked over a
// connection of its own, because one from before the change would prove nothing.
import { existsSync } from 'node:fs';
import { Problem } from '@nixfleet/contract/problem.ts';
import { writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';
import { pause } from '@nixfleet/kit/backoff.ts';
import { observeSystem } from '../platforms/observe.ts';
import type { Link } from './context.ts';
import type { Held } from './held.ts';
import { storedToken } from './token.ts';

const DEADLINE_MS = 5000;
const EVERY_MS = 2000;

/** Asks until it is answered or the executor's window has passed. `refused` asks for a new token. */
export async function confirm(link: Link, run: Held, refused: () => void): Promise<void> {
  const waits = (): boolean => run.tail.awaitsConfirm && !existsSync(run.folder.confirm) && !link.stop.aborted;
  while (waits()) {
    const askedAt = link.monotonic();
    const verdict = await ask(link, run, refused);
    if (verdict !== undefined && waits()) {
      writeFileAtomic(run.folder.confirm, verdict, 0o600);
      link.log.info({ run: run.id, confirm: verdict }, 'the control plane answered the confirmation');
      return;
    }
    await pause(Math.max(0, EVERY_MS - (link.monotonic() - askedAt)), link.stop);
  }
}

async function ask(link: Link, run: Held, refused: () => void): Promise<'yes' | 'no' | undefined> {
  try {
    const { running } = observeSystem(link.config);
    const token = storedToken(link.state);
    if (running === null) throw new Problem('unavailable', 'the running system cannot be read');
    if (token === undefined) throw new Problem('unauthenticated', 'there is no token');
    const path = `/api/agent/runs/${run.id}/confirm`;
    await link.call({ path, body: { running }, token, deadlineMs: DEADLINE_MS, fresh: true, signal: link.stop });
    return 'yes';
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === 'confirm_refused') return 'no';
    if (error.code === 'unauthenticated') refused();
    link.log.warn({ run: run.id, code: error.code, reason: error.message }, 'not confirmed yet');
    return undefined;
  }
}
