// Which executor is started when, over all states a host's runs can be in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nextStep, type Sight } from './next-step.ts';

const sight = (id: string, keys: Partial<Sight> = {}): Sight => ({
  id,
  started: false,
  ended: false,
  busy: false,
  ...keys,
});

test('orders are executed one after another, oldest first', () => {
  assert.deepEqual(nextStep([sight('b'), sight('a')]), { mode: 'execute', id: 'a' });
  assert.equal(nextStep([sight('a', { started: true, busy: true }), sight('b')]), undefined);
  assert.deepEqual(nextStep([sight('a', { started: true, ended: true }), sight('b')]), { mode: 'execute', id: 'b' });
  assert.equal(nextStep([]), undefined);
});

test('a run whose executor died is recovered before anything else is begun', () => {
  assert.deepEqual(nextStep([sight('a'), sight('b', { started: true })]), { mode: 'recover', id: 'b' });
});

test('never two at a time, never one that ended, never an execution of what was begun', () => {
  const any = fc.record({ id: fc.uuid(), started: fc.boolean(), ended: fc.boolean(), busy: fc.boolean() });
  fc.assert(
    fc.property(fc.uniqueArray(any, { selector: (s) => s.id }), (sights) => {
      const step = nextStep(sights);
      const open = sights.filter((s) => !s.ended);
      if (open.some((s) => s.busy) || open.length === 0) return step === undefined;
      const chosen = open.find((s) => s.id === step?.id);
      return chosen !== undefined && chosen.started === (step?.mode === 'recover');
    }),
  );
});
