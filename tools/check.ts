// `npm run check`: everything that is checked without running the product. Each step prints its name and how long it took,
// and what it found.
import { dirname } from 'node:path';
import { runCommand } from '@nixfleet/kit/command.ts';
import { bin } from './bin.ts';
import { brokenLinks } from './checks/links.ts';
import { checkTrackedFiles } from './checks/tracked-files.ts';
import { stalePages } from './generate.ts';

const root = dirname(import.meta.dirname);

type Step = { name: string; run: () => Promise<string[]> };

/** A step that is a program: what it printed is what it found. */
const program = (name: string, file: string, ...args: string[]): Step => ({
  name,
  run: async () => {
    // Plain text also where CI makes programs colourful.
    const env = { ...process.env, NO_COLOR: '1', CI: undefined };
    const r = await runCommand(file, args, { cwd: root, deadlineMs: 10 * 60_000, env });
    return r.code === 0 ? [] : [`${r.stdout}${r.stderr}`.trim() || `${file} ended with ${r.signal ?? r.code}`];
  },
});

const steps: readonly Step[] = [
  program('format', bin('oxfmt'), '--check', '.'),
  program('lint', bin('oxlint'), '--type-aware', '--deny-warnings'),
  program('types', bin('tsc'), '-p', '.'),
  program('boundaries', process.execPath, 'tools/test.ts', '--ring', 'rules', 'test/boundaries.test.ts'),
  {
    name: 'generated files',
    run: async () => (await stalePages()).map((p) => `${p.path} is not what its source says: npm run fix`),
  },
  { name: 'links of the documents', run: async () => brokenLinks(root) },
  { name: 'tracked files', run: () => checkTrackedFiles(root) },
];

async function main(): Promise<boolean> {
  let ok = true;
  for (const step of steps) {
    const started = Date.now();
    const found = await step.run();
    console.log(`${found.length === 0 ? '✔' : '✖'} ${step.name}  (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    for (const each of found) for (const line of each.split('\n')) console.log(`    ${line}`);
    ok &&= found.length === 0;
  }
  console.log(ok ? '\ncheck: all well' : '\ncheck: see above; npm run fix mends format, lint and generated files');
  return ok;
}

if (import.meta.main) process.exitCode = (await main()) ? 0 : 1;
