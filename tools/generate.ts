// Writes the generated reference pages, or with `--check` names those that are not what would be written.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readFileIfPresent, writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';
import { pages } from './reference/pages.ts';

const root = dirname(import.meta.dirname);

/** The pages that differ from what their sources say now. */
export async function stalePages(): Promise<{ path: string; text: string }[]> {
  const stale: { path: string; text: string }[] = [];
  for (const { path, render } of pages) {
    const text = await render();
    if (readFileIfPresent(join(root, path)) !== text) stale.push({ path, text });
  }
  return stale;
}

export async function writePages(): Promise<string[]> {
  const stale = await stalePages();
  for (const { path, text } of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileAtomic(join(root, path), text);
  }
  return stale.map((s) => s.path);
}

if (import.meta.main) {
  const check = process.argv.includes('--check');
  const paths = check ? (await stalePages()).map((s) => s.path) : await writePages();
  for (const path of paths) console.log(check ? `${path} is not up to date: npm run fix` : `wrote ${path}`);
  if (check && paths.length > 0) process.exitCode = 1;
}
