// The laws of ARCHITECTURE.md that text can show: who may import whom, and what must not stand where. Each says why.

export type Law = {
  files: RegExp;
  except?: RegExp;
  /** For imports: matched against the imported path or package; for text: against the code without comments. */
  never: RegExp;
  why: string;
};

/** Folders of the control plane that are not features but what features stand on. */
const feature = String.raw`apps/control/src/(?!db/|http/)([a-z-]+)/`;

/** Test files may import more than the code they test, so these hold for the code; `apps` for tests too. */
export const importLaws: readonly Law[] = [
  {
    files: /^packages\/contract\/src\//,
    never: /^(?!zod$|packages\/contract\/)/,
    why: 'the contract is read by browsers: it imports only zod',
  },
  {
    files: /^packages\/kit\/src\//,
    never: /^(?:apps\/|fastify|kysely|@fastify\/)/,
    why: 'kit is below every app, and below HTTP and SQL',
  },
  {
    files: /^(?:apps|packages)\/.*\/src\//,
    never: /\/testing\/|\.test\.ts$/,
    why: 'what ships does not stand on tests',
  },
  { files: /^packages\//, never: /^(?:apps|tools|test|testbed)\//, why: 'libraries know nothing of the programs' },
  { files: /^apps\//, never: /^(?:tools|test|testbed)\//, why: 'programs do not need our tools to run' },
  { files: /\/rules\.ts$/, never: /^node:|^fastify|^@fastify|^kysely|^pg$/, why: 'rules are pure' },
  {
    files: /\/rules\.ts$/,
    never: /\/(?:store|service|routes|read|reconcile)\.ts$/,
    why: 'rules decide on what they are given',
  },
  { files: /\/service\.ts$/, never: /^(?:fastify|@fastify\/)|\/routes\.ts$/, why: 'HTTP stops at routes.ts' },
  {
    files: /\/(?:store|read)\.ts$/,
    never: /^(?:fastify|@fastify\/)|\/(?:routes|service|reconcile)\.ts$/,
    why: 'a store only stores',
  },
  { files: /\/routes\.ts$/, never: /^(?:kysely|pg)$|\/(?:store|tables)\.ts$/, why: 'rows stop at store.ts' },
  {
    files: /^apps\/control\/src\//,
    except: /\/(?:store|read|tables)\.ts$|^apps\/control\/src\/db\//,
    never: /^(?:kysely|pg)$/,
    why: 'SQL stops at store.ts',
  },
  {
    files: /^apps\/agent\/src\/executor\//,
    never: /^apps\/agent\/src\/link\//,
    why: 'the executor knows nothing of the network',
  },
];

export const textLaws: readonly Law[] = [
  {
    files: /^(?:apps|packages)\/[a-z-]+\/src\//,
    except: /\/(?:config|main)\.ts$/,
    never: /\bprocess\.env\b/,
    why: 'the environment is read in config.ts, and handed to it by main.ts',
  },
  {
    files: /^(?:apps|packages)\/[a-z-]+\/src\//,
    except: /^apps\/cli\//,
    never: /\bconsole\./,
    why: 'daemons write to their log',
  },
  {
    files: /^(?:apps|packages)\/[a-z-]+\/src\//,
    except: /\/(?:main|context)\.ts$/,
    never: /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\brandomUUID\b/,
    why: 'time and chance come in through arguments',
  },
  { files: /./, never: /^export \* from/m, why: 'no barrels: import from the file that has it' },
  { files: /./, never: /\bTODO\b|\bFIXME\b/, why: 'an open end is an issue, not a comment' },
  { files: /./, never: /process\.chdir\(/, why: 'tests share a process' },
];

/** Across features of the control plane only what is made for it; the rest is the feature's own. */
export const crossing = {
  from: new RegExp(`^${feature}`),
  open: /\/(?:service|rules|tables)\.ts$/,
  why: 'across features: only service.ts or rules.ts',
};

export const wordsNotInNames = /(?:^|[-./])(?:managers?|helpers?|utils?|common|misc)(?:[-./]|$)/;
export const MAX_LINES = 300;
export const MAX_SRC_FILES = 4;
