// `npm run fix`: mends what can be mended without thinking: lint fixes, format, generated files.
import { dirname } from 'node:path';
import { runCommand } from '@nixfleet/kit/command.ts';
import { writePages } from './generate.ts';

const root = dirname(import.meta.dirname);

async function main(): Promise<void> {
  for (const [file, ...args] of [['oxlint', '--type-aware', '--fix'], ['oxfmt']] as const) {
    const r = await runCommand(file, args, { cwd: root, deadlineMs: 10 * 60_000 });
    console.log(`${r.code === 0 ? '✔' : '✖'} ${file}`);
    if (r.code !== 0) console.log(`${r.stdout}${r.stderr}`.trim());
  }
  for (const path of await writePages()) console.log(`✔ wrote ${path}`);
}

if (import.meta.main) await main();
