// One file per program for release: dist/<app>/src/main.js beside its package.json, as in the source. Node refuses to strip
// types below node_modules, and a bundle starts faster. Native addons cannot be bundled: they are copied beside it.
import { cpSync, globSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import * as z from 'zod';

const root = dirname(import.meta.dirname);

/** What is loaded from dist/<app>/node_modules instead of being part of the bundle, and why. */
const beside = { control: ['@node-rs/bcrypt'], agent: [], cli: [] } as const;
/** Folders of files that a module reads from beside itself; in a bundle every module lies in src/. */
const assets = { control: ['pages/assets'], agent: [], cli: [] } as const;
export type AppName = keyof typeof beside;
export const appNames = ['control', 'agent', 'cli'] as const satisfies readonly AppName[];

export type Bundle = { code: string; packages: string[] };

/** The bundle of an app, and the npm packages that are in it or beside it. */
export async function bundle(app: AppName): Promise<Bundle> {
  const external: readonly string[] = beside[app];
  const result = await build({
    absWorkingDir: root,
    entryPoints: [`apps/${app}/src/main.ts`],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // pg tries pg-native and does well without it.
    external: [...external, 'pg-native'],
    // CommonJS packages inside call require for Node's own modules.
    banner: {
      js: "import { createRequire as nixfleetRequire } from 'node:module'; const require = nixfleetRequire(import.meta.url);",
    },
    legalComments: 'eof',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const inside = Object.keys(result.metafile.inputs).flatMap((path) => packageOf(path) ?? []);
  const code = result.outputFiles[0]?.text ?? '';
  return { code, packages: [...new Set([...inside, ...external.map((name) => `${name} (beside)`)])].sort() };
}

/** `node_modules/@scope/name/lib/x.js` → `@scope/name`; the innermost one counts. */
function packageOf(path: string): string | undefined {
  const [, rest] = /.*node_modules\/(.+)$/.exec(path) ?? [];
  return rest
    ?.split('/')
    .slice(0, rest.startsWith('@') ? 2 : 1)
    .join('/');
}

const Manifest = z.looseObject({ name: z.string(), version: z.string(), license: z.string() });

export async function writeBundle(app: AppName): Promise<string> {
  const { code } = await bundle(app);
  const folder = join(root, 'dist', app);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'src'), { recursive: true });
  writeFileSync(join(folder, 'src/main.js'), code);
  const { name, version, license } = Manifest.parse(
    JSON.parse(readFileSync(join(root, 'apps', app, 'package.json'), 'utf8')),
  );
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ name, version, license, type: 'module' }, null, 2)}\n`,
  );
  for (const path of assets[app])
    cpSync(join(root, 'apps', app, 'src', path), join(folder, 'src', basename(path)), { recursive: true });
  for (const name of beside[app])
    // An addon's binary is a package of its own for each platform, beside the one that loads it.
    for (const each of globSync(`${name}{,-*}`, { cwd: join(root, 'node_modules') }))
      cpSync(realpathSync(join(root, 'node_modules', each)), join(folder, 'node_modules', each), { recursive: true });
  return `dist/${app}/src/main.js  ${(code.length / 1024).toFixed(0)} KiB`;
}

if (import.meta.main) for (const app of appNames) console.log(await writeBundle(app));
