// Which sections of the facts to say: those that differ from what the control plane has acknowledged, and metrics always.
import type { ReportedFacts, Section, sections } from '@nixfleet/contract/facts.ts';
import type * as z from 'zod';

/** What was found in one look; a section that could not be looked at is absent. */
export type Observation = { [S in Section]?: z.infer<(typeof sections)[S]> };

export type Report = {
  facts: ReportedFacts;
  /** To be called once the control plane has answered: only then is it known to have them. */
  acknowledge: () => void;
};

export type Reporter = {
  report: (seen: Observation, observedAt: number) => Report;
  /** The control plane may have nothing: say everything again. */
  forget: () => void;
};

/** `monotonic`, milliseconds, is also the clock of `observedAt`. */
export function makeReporter(monotonic: () => number): Reporter {
  const acknowledged = new Map<string, string>();
  return {
    report(seen, observedAt) {
      const ageMs = Math.max(0, Math.round(monotonic() - observedAt));
      const fresh = Object.entries(seen)
        .map(([section, value]) => ({ section, value, text: JSON.stringify(value) }))
        .filter(({ section, text }) => section === 'metrics' || acknowledged.get(section) !== text);
      return {
        facts: Object.fromEntries(fresh.map(({ section, value }) => [section, { ageMs, value }])),
        acknowledge: () => fresh.forEach(({ section, text }) => acknowledged.set(section, text)),
      };
    },
    forget: () => acknowledged.clear(),
  };
}
