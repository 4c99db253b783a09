// `npm run fix`: mends what can be mended without thinking: lint fixes, format, generated files, and the
// lists of packages in each bundle (review what they add).
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';
import { runCommand } from '@nixfleet/kit/command.ts';
import { bin } from './bin.ts';
import { appNames, bundle } from './bundle.ts';
import { writePages } from './generate.ts';

const root = dirname(import.meta.dirname);

async function main(): Promise<void> {
  for (const [file, ...args] of [['oxlint', '--type-aware', '--fix'], ['oxfmt']] as const) {
    const r = await runCommand(bin(file), args, { cwd: root, deadlineMs: 10 * 60_000 });
    console.log(`${r.code === 0 ? '✔' : '✖'} ${file}`);
    if (r.code !== 0) console.log(`${r.stdout}${r.stderr}`.trim());
  }
  for (const path of await writePages()) console.log(`✔ wrote ${path}`);
  for (const app of appNames) {
    const { packages } = await bundle(app);
    writeFileAtomic(join(root, `test/golden/bundle-${app}.txt`), `${packages.join('\n')}\n`);
  }
}

if (import.meta.main) await main();
