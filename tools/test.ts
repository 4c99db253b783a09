// `npm test`: the rings of tests one after another, what was left out and why, and one closing line with the totals.
// Usage: npm test -- [--ring NAME]… [--name REGEX] [PART OF A PATH]…
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { killGroup } from '@nixfleet/kit/command.ts';
import { findProgram, provide } from './system-packages.ts';
import { type BatchOrder, Counts } from './testing/batch.ts';
import { startPostgres } from './testing/postgres.ts';
import { type Batch, filesOf, type RingName, rings } from './testing/rings.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const BATCH_DEADLINE_MS = 60 * 60_000;

type Asked = { rings: RingName[]; patterns: string[]; name: string | null };

function ask(argv: string[]): Asked {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { ring: { type: 'string', multiple: true }, name: { type: 'string' } },
  });
  const isRing = (s: string): s is RingName => s in rings;
  const chosen = values.ring ?? Object.keys(rings);
  const unknown = chosen.filter((r) => !isRing(r));
  if (unknown.length > 0) throw new Error(`no ring ${unknown.join(', ')}; there are ${Object.keys(rings).join(', ')}`);
  return { rings: chosen.filter(isRing), patterns: positionals, name: values.name ?? null };
}

/** Runs the files in a child process; its group is ended when `signal` aborts or the deadline passes. */
async function runFiles(
  files: string[],
  batch: Batch,
  name: string | null,
  extra: NodeJS.ProcessEnv,
  signal: AbortSignal,
) {
  const order: BatchOrder = { root, files, together: batch.together, name, concurrency: availableParallelism() };
  const child = spawn(process.execPath, [join(root, 'tools/testing/batch.ts'), JSON.stringify(order)], {
    cwd: root,
    env: { ...process.env, ...extra },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('could not start a process for the tests');
  const end = (): void => killGroup(pid, 'SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  const deadline = setTimeout(end, BATCH_DEADLINE_MS);
  let counts: Counts | undefined;
  child.on('message', (message) => (counts = Counts.parse(message)));
  const [code] = await once(child, 'exit');
  clearTimeout(deadline);
  signal.removeEventListener('abort', end);
  const broken = counts === undefined || (code !== 0 && counts.failed === 0);
  if (!broken && counts) return counts;
  return {
    passed: counts?.passed ?? 0,
    failed: (counts?.failed ?? 0) + 1,
    skipped: counts?.skipped ?? 0,
    failures: [
      `${files.length === 1 ? files[0] : `${files.length} files`}: the process ended with ${code ?? 'a signal'}`,
    ],
  };
}

async function runBatch(batch: Batch, files: string[], name: string | null, signal: AbortSignal): Promise<Counts> {
  if (!batch.database) return runFiles(files, batch, name, {}, signal);
  const initdb = findProgram('postgresql', process.env['PATH'] ?? '');
  if (initdb === undefined) throw new Error('initdb vanished after it was found');
  const server = await startPostgres(initdb);
  try {
    return await runFiles(files, batch, name, { TEST_DATABASE_URL: server.url }, signal);
  } finally {
    await server.stop();
  }
}

async function main(asked: Asked, print: (line: string) => void, signal: AbortSignal): Promise<boolean> {
  const total: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const leftOut: string[] = [];
  const strict = process.env['CI'] === 'true';
  for (const ring of asked.rings) {
    const started = Date.now();
    const before = total.passed;
    const all: readonly Batch[] = rings[ring].batches;
    const batches = all
      .map((batch) => ({ batch, files: filesOf(batch, root, asked.patterns) }))
      .filter((b) => b.files.length > 0);
    if (batches.length === 0) {
      if (asked.patterns.length === 0) print(`\n${ring}: no tests yet`);
      continue;
    }
    print(`\n${ring}: ${rings[ring].proves}`);
    for (const { batch, files } of batches) {
      if (signal.aborted) continue;
      const missing = await provide({ names: batch.needs, path: process.env['PATH'] ?? '', print });
      if (missing.length > 0) {
        for (const m of missing) leftOut.push(`${ring}, ${files.length} files of ${batch.files[0]}: ${m.line}`);
        continue;
      }
      const counts = await runBatch(batch, files, asked.name, signal);
      total.passed += counts.passed;
      total.failed += counts.failed;
      total.skipped += counts.skipped;
      total.failures.push(...counts.failures);
    }
    print(`${ring}: ${total.passed - before} passed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }
  if (total.failures.length > 0) print(`\nfailed:\n${total.failures.map((f) => `  ${f}`).join('\n')}`);
  if (leftOut.length > 0)
    print(`\nleft out${strict ? ' (a failure, because CI=true)' : ''}:\n${leftOut.map((l) => `  ${l}`).join('\n')}`);
  const failed = total.failed + (strict ? leftOut.length : 0);
  if (signal.aborted) print('\nstopped before the end');
  else if (total.passed + failed + leftOut.length === 0)
    print(`\nno test matches ${asked.patterns.join(' ') || asked.name}`);
  print(`\ntests: ${total.passed} passed, ${failed} failed, ${total.skipped} skipped`);
  return failed === 0 && total.passed > 0 && !signal.aborted;
}

if (import.meta.main) {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  try {
    const ok = await main(ask(process.argv.slice(2)), (line) => console.log(line), stopping.signal);
    process.exitCode = ok ? 0 : 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
