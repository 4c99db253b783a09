// restore: the way back, by what is on the host alone: the profile as it was and the previous system's own activation.
// Doing it again is harmless, so a recovery that finds it half done does it again.
import { QuarantineDocument, readDocument, writeDocument } from '../../state/documents.ts';
import { putProfileBack, runActivation } from './activate.ts';
import { afterRestore, type Ending, type Intent, isBack } from '../rules.ts';
import { endPhase, keepForLater, type Run } from '../run.ts';
import { observe } from '../sight.ts';

const QUARANTINE_MS = 24 * 3_600_000;

/** `ran`: another system than the previous one was seen running. `blame`: the closure is to be kept off the host for a while. */
export async function restore(
  run: Run,
  intent: Intent,
  why: { reason: string; ran: boolean; blame: boolean },
): Promise<Ending> {
  const began = run.host.monotonic();
  run.journal.append({ kind: 'phase_started', phase: 'restore' });
  const fault = await goBack(run, intent);
  const seen = await observe(run, (now) => isBack(now, intent));
  const ending = afterRestore(seen, intent, why.ran, why.reason);
  const back = isBack(seen, intent) && seen.broken.length === 0;
  endPhase(run, 'restore', back ? 'done' : 'failed', began, back ? undefined : (fault ?? ending.reason));
  if (why.blame && (ending.outcome === 'rolled_back' || ending.outcome === 'half_activated'))
    quarantineClosure(run, intent.to, why.reason);
  return ending;
}

/** Each part is tried whatever became of the one before; what is seen afterwards decides. */
async function goBack(run: Run, intent: Intent): Promise<string | undefined> {
  run.found.named = [];
  const profileFault = await attempt(() => putProfileBack(run, intent));
  if (intent.from === null) return profileFault;
  const { from } = intent;
  const activationFault = await attempt(async () => {
    const { result, units } = await runActivation(run, 'restore', from);
    run.found.named = units;
    return result.code === 0 ? undefined : `the previous system's activation ended with exit code ${result.code}`;
  });
  return profileFault ?? activationFault;
}

async function attempt(part: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await part();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function quarantineClosure(run: Run, closure: string, reason: string): void {
  const now = Math.round(run.host.now());
  const known = readDocument(run.state.quarantine, QuarantineDocument) ?? {};
  const kept = Object.entries(known).filter(([, entry]) => entry.until > now);
  const entries = Object.fromEntries([...kept, [closure, { until: now + QUARANTINE_MS, reason }]]);
  keepForLater(run, () => writeDocument(run.state.quarantine, QuarantineDocument, entries));
}
