// Nix's log lines, from real transcripts, and from nowhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nixLog } from './nix-log.ts';

/** `nix build` of one derivation, version 2.8, as it was printed. */
const built = `
@nix {"action":"msg","level":4,"msg":"using revision 96c41c2cae4fa8cd100283507b60e2509221c4df of repo '/tmp/co'"}
@nix {"action":"start","id":1,"level":0,"text":"","type":102}
@nix {"action":"start","id":2,"level":0,"text":"","type":104}
@nix {"action":"start","id":3,"level":0,"text":"","type":103}
@nix {"action":"result","fields":[0,1,0,0],"id":2,"type":105}
@nix {"action":"result","fields":[0,0,0,0],"id":3,"type":105}
@nix {"action":"result","fields":[101,0],"id":1,"type":106}
@nix {"action":"start","fields":["/nix/store/761a0cyn1d3dflbd8qr5wb671v2219s4-web1-1.drv","",1,1],"id":5,"level":3,"text":"building '/nix/store/761a0cyn1d3dflbd8qr5wb671v2219s4-web1-1.drv'","type":105}
@nix {"action":"result","fields":[0,1,1,0],"id":2,"type":105}
@nix {"action":"result","fields":["hello"],"id":5,"type":101}
`
  .trim()
  .split('\n');
const ended = `
@nix {"action":"result","fields":[1,1,0,0],"id":2,"type":105}
@nix {"action":"stop","id":5}
@nix {"action":"stop","id":3}
@nix {"action":"stop","id":2}
`
  .trim()
  .split('\n');

test('a build is counted, named and read line by line', () => {
  const log = nixLog();
  const text = built.flatMap((line) => log.take(line));
  assert.deepEqual(text, ["building '/nix/store/761a0cyn1d3dflbd8qr5wb671v2219s4-web1-1.drv'", 'hello']);
  const during = { done: 0, expected: 1, running: 1, failed: 0, bytesDone: 0, bytesExpected: 0, current: 'web1-1' };
  assert.deepEqual(log.progress, during);
  assert.deepEqual(
    ended.flatMap((line) => log.take(line)),
    [],
  );
  assert.deepEqual(log.progress, { done: 1, expected: 1, running: 0, failed: 0, bytesDone: 0, bytesExpected: 0 });
});

test('copies count beside builds, and their bytes do not go backwards when one ends', () => {
  const log = nixLog();
  for (const line of [
    '@nix {"action":"start","id":1,"level":0,"text":"","type":103}',
    '@nix {"action":"result","fields":[0,2,1,0],"id":1,"type":105}',
    '@nix {"action":"start","fields":["/nix/store/761a0cyn1d3dflbd8qr5wb671v2219s4-glibc-2.40","https://cache","local"],"id":2,"level":3,"text":"copying","type":100}',
    '@nix {"action":"result","fields":[512,2048,0,0],"id":2,"type":105}',
    '@nix {"action":"start","fields":["https://cache/x.nar"],"id":3,"level":4,"text":"downloading","type":101}',
    '@nix {"action":"result","fields":[100,300,0,0],"id":3,"type":105}',
  ])
    log.take(line);
  const during = { done: 0, expected: 2, running: 1, failed: 0, bytesDone: 512, bytesExpected: 2048 };
  assert.deepEqual(log.progress, { ...during, current: 'glibc-2.40' });
  log.take('@nix {"action":"result","fields":[2048,2048,0,0],"id":2,"type":105}');
  log.take('@nix {"action":"stop","id":2}');
  assert.equal(log.progress.bytesDone, 2048);
  assert.equal(log.progress.current, undefined);
});

test('errors and warnings are text, what only developers read is not', () => {
  const log = nixLog();
  assert.deepEqual(log.take(String.raw`@nix {"action":"msg","level":0,"msg":"error: a\nb"}`), ['error: a', 'b']);
  assert.deepEqual(log.take('@nix {"action":"msg","level":5,"msg":"talk"}'), []);
  assert.deepEqual(log.take('plain text'), ['plain text']);
});

test('a line that arrives in pieces is put together again', () => {
  const log = nixLog();
  const line = `@nix ${JSON.stringify({ action: 'msg', level: 0, msg: 'x'.repeat(40_000) })}`;
  const pieces = line.match(/.{1,16384}/g) ?? [];
  const text = pieces.flatMap((piece) => log.take(piece));
  assert.equal(text.join(''), 'x'.repeat(40_000));
  assert.ok(text.every((t) => t.length <= 16_384));
});

test('no input breaks it, and progress is always whole numbers', () => {
  const json = fc.json().map((j) => `@nix ${j}`);
  const event = fc
    .record({
      action: fc.constantFrom('start', 'stop', 'result', 'msg'),
      id: fc.integer({ min: 0, max: 3 }),
      type: fc.constantFrom(100, 101, 103, 104, 105, 106),
      fields: fc.array(fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constant(null))),
      msg: fc.string(),
      level: fc.integer({ min: 0, max: 7 }),
    })
    .map((e) => `@nix ${JSON.stringify(e)}`);
  fc.assert(
    fc.property(fc.array(fc.oneof(json, event, fc.string())), (input) => {
      const log = nixLog();
      for (const line of input) for (const text of log.take(line)) assert.equal(text.includes('\n'), false);
      const { current: _, ...counts } = log.progress;
      for (const n of Object.values(counts)) assert.ok(Number.isSafeInteger(n) && n >= 0, String(n));
    }),
  );
});
