// `npm run new -- feature <name>`: a slice that passes `npm run check` as it is: contract, rules, store, service, routes, a
// migration, tests, and the lines in the lists that grow with features. The name is a plural noun.
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commandOutput } from '@nixfleet/kit/command.ts';
import { bin } from './bin.ts';
import { type Feature, files, type ListEdit, listEdits, render } from './feature/templates.ts';

const root = dirname(import.meta.dirname);

export function featureOf(name: string, root: string): Feature {
  if (!/^[a-z]{2,30}s$/.test(name))
    throw new Error(`expected a plural noun in lower case such as notes, found ${JSON.stringify(name)}`);
  const numbers = globSync('apps/control/src/db/migrations/[0-9]*.ts', { cwd: root }).map((path) =>
    Number(/(\d+)-[^/]*$/.exec(path)?.[1]),
  );
  const number = String(Math.max(0, ...numbers) + 1).padStart(4, '0');
  return { plural: name, singular: name.slice(0, -1), migration: `${number}-${name}` };
}

function grow(text: string, edit: ListEdit, feature: Feature): string {
  if (!edit.list.test(text)) throw new Error(`${edit.path} has no list of the form ${edit.list.source}`);
  const line = render(edit.import, feature);
  // After the first comment, among the imports; the formatter does not mind where.
  const withImport = text.replace(/^import /m, `${line}\nimport `);
  return withImport.replace(edit.list, render(edit.grown, feature));
}

/** Writes the slice below `root`; gives the paths it made or changed. */
export function makeFeature(feature: Feature, root: string): string[] {
  const made = Object.entries(files).map(
    ([path, template]) => [render(path, feature), render(template, feature)] as const,
  );
  const taken = made.find(([path]) => existsSync(join(root, path)));
  if (taken) throw new Error(`${taken[0]} is there already`);
  const grown = listEdits.map(
    (edit) => [edit.path, grow(readFileSync(join(root, edit.path), 'utf8'), edit, feature)] as const,
  );
  for (const [path, text] of [...made, ...grown]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return [...made, ...grown].map(([path]) => path);
}

async function main([kind, name, ...rest]: string[]): Promise<void> {
  if (kind !== 'feature' || name === undefined || rest.length > 0)
    throw new Error('usage: npm run new -- feature <name>');
  const paths = makeFeature(featureOf(name, root), root);
  await commandOutput(bin('oxfmt'), paths, { cwd: root, deadlineMs: 60_000 });
  await commandOutput(process.execPath, ['tools/generate.ts'], { cwd: root, deadlineMs: 60_000 });
  for (const path of paths) console.log(`  ${path}`);
  console.log(`\nnext: npm test -- ${name}, then docs/guides/adding-a-feature.md`);
}

if (import.meta.main)
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
