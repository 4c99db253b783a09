// Each program's bundle holds the packages that were reviewed, and no others.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readFileIfPresent } from '@nixfleet/kit/atomic-file.ts';
import { appNames, bundle } from './bundle.ts';

const root = dirname(import.meta.dirname);

for (const app of appNames)
  test(`the bundle of ${app} holds exactly the packages in test/golden/bundle-${app}.txt`, async () => {
    const { packages } = await bundle(app);
    const golden = readFileIfPresent(join(root, `test/golden/bundle-${app}.txt`)) ?? '';
    assert.deepEqual(packages, golden.trimEnd().split('\n'), 'npm run fix writes the list; review what it adds');
  });
