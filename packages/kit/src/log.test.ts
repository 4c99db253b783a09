import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLog } from './log.ts';

test('a line is one JSON object, without what is secret by name', () => {
  const lines: string[] = [];
  const log = makeLog('x', 'info', { write: (line) => void lines.push(line) });
  log.info({ token: 'hidden1', request: { headers: { authorization: 'hidden2' } }, host: 'web1' }, 'seen');
  log.debug({}, 'not at this level');
  assert.equal(lines.length, 1);
  const entry = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.deepEqual([entry['msg'], entry['host'], entry['token']], ['seen', 'web1', '[redacted]']);
  assert.ok(!lines[0]?.includes('hidden'));
});
