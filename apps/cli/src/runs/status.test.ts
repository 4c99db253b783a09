// The status line of runs and hosts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outcome } from '@nixfleet/contract/journal.ts';
import { RunState } from '@nixfleet/contract/runs.ts';
import { aHost, aRun, AT } from '../testing/worlds.ts';
import { statusOfHost } from '../hosts/status.ts';
import { progressSpans, statusOfRun } from './status.ts';

const progress = {
  done: 214,
  expected: 361,
  running: 3,
  failed: 0,
  bytesDone: 0,
  bytesExpected: 0,
  current: 'firefox-144.0',
};

test('every state of a run has a word, and a run that ended has its outcome’s', () => {
  for (const state of RunState.options) assert.notEqual(statusOfRun(aRun({ n: 1, state }), AT).word, '');
  assert.equal(statusOfRun(aRun({ n: 1, state: 'rolled_back' }), AT).word, 'Rolled back');
});

test('a running build says how far it is, what it builds and for how long', () => {
  const run = aRun({ n: 1, state: 'running', phase: 'build', progress, startedAt: AT });
  const status = statusOfRun(run, AT + 130_000);
  assert.deepEqual(status, { sign: '▸', word: 'Building 214/361', tone: 'run', remark: 'firefox-144.0 · 2m 10s' });
  const line = progressSpans(run, AT + 130_000, 0)
    .map(([, text]) => text)
    .join('');
  assert.match(line, /^⠋ Building 214\/361 ▱{8} firefox-144\.0 · 2m 10s$/);
});

test('a host shows its running run first, then that it is offline, then how the last run ended', () => {
  const lastRun = aRun({ n: 1, state: 'failed', reason: 'nginx.service failed' });
  const run = aRun({ n: 2, state: 'running', phase: 'fetch' });
  assert.equal(statusOfHost(aHost({ n: 1, state: 'offline', run, lastRun }), AT).word, 'Fetching');
  assert.equal(
    statusOfHost(aHost({ n: 1, state: 'offline', lastRun, lastSeenAt: AT }), AT + 187_200_000).word,
    'Offline for 2 d 4 h',
  );
  assert.deepEqual(statusOfHost(aHost({ n: 1, lastRun }), AT), {
    sign: '✗',
    word: 'Failed',
    tone: 'bad',
    remark: 'nginx.service failed',
  });
  assert.equal(statusOfHost(aHost({ n: 1 }), AT).word, 'Online');
});

test('a host that is offline is an alarm unless it matters little', () => {
  const toneOf = (criticality: 'low' | 'high') => statusOfHost(aHost({ n: 1, state: 'offline', criticality }), AT).tone;
  assert.deepEqual([toneOf('low'), toneOf('high')], ['mute', 'bad']);
});

test('a success that needs a reboot says both', () => {
  const system = {
    osName: 'NixOS',
    osVersion: '25.05',
    kernel: null,
    nixpkgs: null,
    bootId: null,
    running: null,
    booted: null,
    profile: null,
    generation: null,
    commit: null,
    rebootNeeded: true,
    generations: [],
  };
  const host = aHost({
    n: 1,
    lastRun: aRun({ n: 1, state: 'succeeded' }),
    facts: { system: { observedAt: AT, value: system } },
  });
  assert.deepEqual([statusOfHost(host, AT).word, statusOfHost(host, AT).tone], ['Succeeded, reboot needed', 'warn']);
});

test('a cancelled request is shown before it is obeyed', () => {
  for (const state of ['queued', 'offered', 'running'] as const)
    assert.match(statusOfRun(aRun({ n: 1, state, cancelRequestedAt: AT }), AT).word, /^Cancelling/);
  for (const state of Outcome.options)
    assert.doesNotMatch(statusOfRun(aRun({ n: 1, state, cancelRequestedAt: AT }), AT).word, /Cancelling/);
});
