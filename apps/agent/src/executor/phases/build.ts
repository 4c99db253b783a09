// build: the order's attribute, built from the run's own checkout; its link in the run's folder keeps it from being
// collected.
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { StorePath } from '@nixfleet/contract/names.ts';
import { QuarantineDocument, readDocument } from '../../state/documents.ts';
import { complaint, runChild } from '../child.ts';
import { nixLog } from '../nix-log.ts';
import { quarantined } from '../rules.ts';
import { done, fail, needed, refuse, type Run, type Verdict } from '../run.ts';

/** The run's own hard deadline comes first. */
const BUILD_MS = 86_400_000;

const Built = z.array(z.object({ outputs: z.record(z.string(), StorePath) })).min(1);

export const NIX = ['nix', '--extra-experimental-features', 'nix-command flakes'] as const;

export async function build(run: Run): Promise<Verdict> {
  const { attribute } = needed(run.order.target, 'the target');
  const log = nixLog();
  const errors: string[] = [];
  const installable = `git+${pathToFileURL(needed(run.found.checkout, 'the checkout')).href}#${attribute}`;
  // An input that is not locked could be anything: the commit would no longer say what is deployed.
  const options = [
    '--json',
    '--out-link',
    run.folder.result,
    '--log-format',
    'internal-json',
    '-v',
    '--no-update-lock-file',
  ];
  const command = [...NIX, 'build', ...options, installable] as const;
  const r = await runChild(run, command, {
    deadlineMs: BUILD_MS,
    onLine: (line, stream) => {
      if (stream === 'stdout') return;
      for (const text of log.take(line)) {
        run.journal.output('build', 'stderr', text);
        if (/error:/.test(text) && !text.includes('error (ignored):')) errors.push(plain(text));
      }
      run.journal.progress('build', log.progress);
    },
  });
  if (r.code !== 0 || r.timedOut || r.aborted)
    return fail(
      errors.length > 0
        ? `the build failed: ${firstError(errors)}`
        : complaint(command, { ...r, stderr: '' }, BUILD_MS),
    );
  const outputs = needed(Built.parse(JSON.parse(r.stdout))[0], 'the build').outputs;
  const to = needed(outputs['out'] ?? Object.values(outputs)[0], 'the output of the build');
  run.journal.append({ kind: 'built', storePath: to });
  run.found.to = to;
  const reason = run.order.verb === 'plan' ? undefined : quarantine(run, to);
  return reason === undefined ? done() : refuse(reason);
}

export function quarantine(run: Run, to: string): string | undefined {
  const entry = readDocument(run.state.quarantine, QuarantineDocument)?.[to];
  return quarantined(entry, run.host.now(), run.order.args.force === true);
}

const plain = (text: string): string => text.replace(/\x1b\[[0-9;]*m/g, '').trim();

const firstError = (errors: readonly string[]): string => (errors[0] ?? '').slice(0, 1000);
