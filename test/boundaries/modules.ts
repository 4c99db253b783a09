// The repository's TypeScript as the boundary tests see it: each module's path, its code without comments, and what it
// imports, resolved to paths of the repository where they lie in it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export const root = dirname(dirname(import.meta.dirname));

export type Import = {
  specifier: string;
  /** Path in the repository, or the bare package name (`zod`, `node:fs`). */
  to: string;
  typeOnly: boolean;
};
export type Module = { path: string; lines: string[]; code: string; imports: Import[] };

const patterns = [
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'";]*?\bfrom\s*['"]([^'"]+)['"]/g,
  /(?:^|\n)\s*import\s+()['"]([^'"]+)['"]/g,
  /\bimport\(()\s*['"]([^'"]+)['"]\s*\)/g,
];

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

/** `@scope/name/deep.ts` → `@scope/name`, or the path in this repository when it is a workspace. */
function resolve(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return normalize(join(dirname(from), specifier));
  if (specifier.startsWith('node:')) return specifier;
  const [scope = '', name = '', ...rest] = specifier.split('/');
  if (scope === '@nixfleet') {
    const folder = existsSync(join(root, 'packages', name)) ? 'packages' : 'apps';
    return `${folder}/${name}/src/${rest.join('/')}`;
  }
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

/** Tracked and new files; what Git ignores is not ours. */
export function readModules(): Module[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.tsx', '*.mjs'], {
    cwd: root,
    encoding: 'utf8',
  });
  const paths = listed.split('\n').filter((p) => p !== '' && existsSync(join(root, p)));
  return paths.map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const code = withoutComments(text);
    const imports = patterns.flatMap((pattern) =>
      [...code.matchAll(pattern)].map(([, type, specifier = '']) => ({
        specifier,
        to: resolve(path, specifier),
        typeOnly: Boolean(type),
      })),
    );
    return { path, lines: text.trimEnd().split('\n'), code, imports };
  });
}

/** Tests, and what only tests are made with. */
export const isTest = (m: Module): boolean => /\.(?:test|spec)\.tsx?$|\/testing\//.test(m.path);
