// The system section: what the operating system is, and which closures are booted, running and set as profile.
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { SystemFact } from '@nixfleet/contract/facts.ts';
import { ownProcess } from '../executor/process.ts';
import { observeSystem } from '../platforms/observe.ts';
import { DeployedDocument, readDocument } from '../state/documents.ts';
import { describeOs, type Os } from './os.ts';
import type { Source } from './source.ts';

/** Looks at the system each time, but asks the operating system about itself only when another closure runs. */
export function systemFacts(source: Source): () => Promise<SystemFact> {
  let described: { running: string | null; os: Os } | undefined;
  return async () => {
    const seen = observeSystem(source.config);
    if (!described || described.running !== seen.running)
      described = { running: seen.running, os: await describeOs(source) };
    const { osName, osVersion, kernel, nixpkgs, revision } = described.os;
    const commits = readDocument(source.state.deployed, DeployedDocument)?.commits ?? {};
    const deployed = seen.running === null ? undefined : commits[seen.running];
    const own = source.config.currentSystem === undefined ? revision : null;
    return {
      ...seen,
      osName,
      osVersion,
      kernel,
      nixpkgs,
      bootId: ownProcess().bootId,
      commit: deployed ?? own,
      rebootNeeded: await needsReboot(seen.booted, seen.running),
      generations: seen.generations.slice(-200).map((g) => ({ ...g, commit: commits[g.storePath] ?? null })),
    };
  };
}

/** Parts of a NixOS closure that only a boot brings into use. */
const bootParts = ['kernel', 'kernel-modules', 'initrd', 'systemd'];

/** Null where there is nothing to compare: no booted closure, or closures that have no such parts. */
export async function needsReboot(booted: string | null, running: string | null): Promise<boolean | null> {
  if (booted === null || running === null) return null;
  const pairs = await Promise.all(
    bootParts.map((part) => Promise.all([target(join(booted, part)), target(join(running, part))])),
  );
  const known = pairs.filter(([before, now]) => before !== undefined || now !== undefined);
  return known.length === 0 ? null : known.some(([before, now]) => before !== now);
}

const target = (path: string): Promise<string | undefined> => realpath(path).catch(() => undefined);
