// One look at the host: a collector per section, each on its own, so that one that fails never loses the others.
import { realpathSync } from 'node:fs';
import { type Section, sections } from '@nixfleet/contract/facts.ts';
import { StorePath } from '@nixfleet/contract/names.ts';
import type { Log } from '@nixfleet/kit/log.ts';
import { executorKind } from '../executor/start.ts';
import { PulledDocument, readDocument, TestsDocument } from '../state/documents.ts';
import { nativeMetrics } from './native-metrics.ts';
import type { Observation } from './report.ts';
import type { Source } from './source.ts';
import { stasysmo } from './stasysmo.ts';
import { systemFacts } from './system.ts';

type Collectors = { [S in Section]: () => Promise<Observation[S] | undefined> };

export function collectorsOf(source: Source): Collectors {
  const { config, state } = source;
  const native = nativeMetrics(source);
  return {
    system: systemFacts(source),
    config: async () => {
      const pulled = readDocument(state.pulled, PulledDocument);
      return { commit: pulled?.commit ?? null, pulledAt: pulled?.at ?? null };
    },
    metrics: async () => (await stasysmo(source)) ?? native(),
    agent: async () => ({
      version: source.version,
      storePath: ownStorePath(),
      startedAt: source.startedAt,
      requireTests: config.requireTests,
      trustedSigners: config.trustedSigners !== undefined,
      executor: executorKind(config, source.os),
    }),
    tests: async () => readDocument(state.tests, TestsDocument),
  };
}

/** A collector's failure is logged when it is new; its section is absent meanwhile. */
export function makeObserver(collectors: Collectors, log: Log): () => Promise<Observation> {
  const failing = new Map<string, string>();
  return async () => {
    const looks = Object.entries(collectors).map(async ([section, collect]) => {
      try {
        const value = await collect();
        // Checked here, because one section the control plane cannot take would lose the whole check-in.
        const checked = value === undefined ? [] : [[section, sections[section as Section].parse(value)] as const];
        failing.delete(section);
        return checked;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (failing.get(section) !== reason) log.warn({ section, err: error }, 'a fact could not be observed');
        failing.set(section, reason);
        return [];
      }
    });
    return Object.fromEntries((await Promise.all(looks)).flat());
  };
}

/** The store path this program was started from; null where it runs from a checkout. */
function ownStorePath(): string | null {
  const program = realpathSync(process.argv[1] ?? process.execPath);
  const path = StorePath.safeParse(/^\/.*?\/[0-9a-df-np-sv-z]{32}-[^/]+/.exec(program)?.[0]);
  return path.data ?? null;
}
