// confirm: the new system must be able to reach the control plane. The agent asks it and leaves the answer as a file; no
// answer within the window means that this change cut the host off.
import { readFileSync } from 'node:fs';
import { onAppearance } from '../appearance.ts';
import { observedFault } from '../rules.ts';
import { done, failOrBack, needed, type Run, type Verdict } from '../run.ts';
import { observe, see } from '../sight.ts';
import { LONGEST_TIMER_MS } from '../stops.ts';

/** Always the whole window anew: a recovery that resumes it cannot know how much of it has passed. */
export async function awaitConfirmation(run: Run): Promise<Verdict> {
  const to = needed(run.found.to, 'the new closure');
  const windowMs = Math.min(run.order.confirmMs, LONGEST_TIMER_MS);
  run.journal.append({ kind: 'confirming', windowMs });
  const answer = await answerWithin(run, windowMs);
  if (answer === undefined) {
    const why = run.stops.why === 'timed_out' ? 'before the hard deadline' : `within ${windowMs / 1000} s`;
    return failOrBack(run, `not confirmed ${why}: the control plane could not be reached`);
  }
  if (answer !== 'yes') return failOrBack(run, 'the control plane refused to confirm this run');
  const fault = observedFault(await see(run), to);
  if (fault !== undefined) {
    await observe(run, () => false);
    return failOrBack(run, `${fault} (seen before the confirmation)`);
  }
  run.journal.append({ kind: 'confirmed' });
  return done();
}

function answerWithin(run: Run, windowMs: number): Promise<string | undefined> {
  const { confirm } = run.folder;
  return new Promise((resolve) => {
    const end = (answer: string | undefined): void => {
      clearTimeout(timer);
      run.stops.signal.removeEventListener('abort', over);
      stopWaiting?.();
      resolve(answer);
    };
    const over = (): void => end(undefined);
    const timer = setTimeout(over, windowMs);
    let stopWaiting: (() => void) | undefined;
    if (run.stops.signal.aborted) return over();
    run.stops.signal.addEventListener('abort', over, { once: true });
    stopWaiting = onAppearance(confirm, () => end(readFileSync(confirm, 'utf8').trim()));
  });
}
