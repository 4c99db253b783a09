// Rotation as a game: operators rotate and revoke, agents use what they have, answers are lost, processes restart. An
// agent that follows the protocol is never locked out, and what was revoked never works.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { newestEvent } from '../../events/service.ts';
import { insertTestHost, mintTestToken, type TestHost } from '../../testing/hosts.ts';
import { until } from '../../testing/until.ts';
import { makeWorld, type World } from '../../testing/world.ts';
import { makeTokenCache } from './cache.ts';
import { pendingToken, rotateAgentToken, verifyAgentToken } from './service.ts';

type Move =
  /** The agent checks in; the answer arrives, or is lost, or arrives and is not yet written when the agent dies. */
  | { kind: 'checkin'; answer: 'arrives' | 'lost' }
  /** An operator rotates, and perhaps puts the token on the host by hand, at once. */
  | { kind: 'rotate'; install: boolean }
  | { kind: 'revoke' }
  /** The operator puts the token of the last rotation on the host. */
  | { kind: 'install' }
  /** The control plane starts again, with nothing in memory. */
  | { kind: 'restart' }
  | { kind: 'clock'; ms: number };

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('checkin'), answer: fc.constantFrom('arrives', 'lost') } as const),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('rotate'), install: fc.boolean() } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: 'revoke' } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: 'install' } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' } as const) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('clock'),
        ms: fc.integer({ min: -3_600_000, max: 3_600_000 }),
      } as const),
    },
  ),
  { minLength: 1, maxLength: 25 },
);

type Game = {
  world: World;
  host: TestHost;
  /** What the agent has on its disk. */
  held: string;
  /** It was revoked, and nobody has put a new one on the host. */
  lockedOut: boolean;
  shown: string;
  revoked: Set<string>;
};

async function play(game: Game, move: Move): Promise<void> {
  const { world, host } = game;
  const { ctx } = world;
  switch (move.kind) {
    case 'checkin': {
      const known = await verifyAgentToken(ctx, game.held);
      assert.equal(known !== undefined, !game.lockedOut, 'an agent that followed the protocol is let in');
      if (!known) return;
      assert.equal(known.hostId, host.id);
      const caller = { kind: 'agent', hostId: host.id, bearer: game.held, rotating: known.rotating } as const;
      const next = await pendingToken(ctx, caller);
      assert.equal(await pendingToken(ctx, caller), next, 'asked again, it gets the same one');
      if (next !== undefined && move.answer === 'arrives') game.held = next;
      return;
    }
    case 'rotate':
      game.shown = await rotateAgentToken(ctx, host.id, { revoke: false });
      if (move.install) [game.held, game.lockedOut] = [game.shown, false];
      return;
    case 'revoke':
      for (const token of [game.held, game.shown]) game.revoked.add(token);
      game.shown = await rotateAgentToken(ctx, host.id, { revoke: true });
      game.lockedOut = true;
      return;
    case 'install':
      if (!game.lockedOut) return;
      game.held = game.shown;
      game.lockedOut = false;
      return;
    case 'restart':
      ctx.tokens = makeTokenCache();
      return;
    case 'clock':
      world.clock.advance(move.ms);
      return;
    default:
      throw new Error(`unknown move ${JSON.stringify(move satisfies never)}`);
  }
}

async function invariants({ world, host, revoked }: Game): Promise<void> {
  for (const token of revoked) assert.equal(await verifyAgentToken(world.ctx, token), undefined, 'revoked is revoked');
  const rows = await world.ctx.db.selectFrom('agent_tokens').select('id').where('host_id', '=', host.id).execute();
  assert.ok(rows.length <= 60, `${rows.length} tokens of one host`);
}

async function newGame(world: World, name: string): Promise<Game> {
  const host = await insertTestHost(world.ctx, name);
  const held = await mintTestToken(world.ctx, host.id);
  return { world, host, held, lockedOut: false, shown: held, revoked: new Set() };
}

test('an agent that follows the protocol is never locked out, and a revoked token never works', async (t: TestContext) => {
  const world = await makeWorld(t);
  let games = 0;
  await fc.assert(
    fc.asyncProperty(moves, async (sequence) => {
      const game = await newGame(world, `host-${(games += 1)}`);
      for (const move of sequence) {
        await play(game, move);
        await invariants(game);
      }
    }),
    { numRuns: 60 },
  );
});

test('the old token ends when the new one is first used, not before', async (t) => {
  const world = await makeWorld(t);
  const game = await newGame(world, 'web1');
  const old = game.held;
  await play(game, { kind: 'rotate', install: false });
  await play(game, { kind: 'checkin', answer: 'lost' });
  assert.ok(await verifyAgentToken(world.ctx, old));
  await play(game, { kind: 'checkin', answer: 'arrives' });
  assert.notEqual(game.held, old);
  assert.ok(await verifyAgentToken(world.ctx, old), 'the new one is not used yet');
  assert.ok(await verifyAgentToken(world.ctx, game.held));
  assert.equal(await verifyAgentToken(world.ctx, old), undefined);
});

test('a token that is known costs no query', async (t) => {
  const world = await makeWorld(t);
  const { held } = await newGame(world, 'web1');
  await useUntilKnown(world, held);
  await world.ctx.db.destroy();
  assert.ok(await verifyAgentToken(world.ctx, held));
});

test('another replica hears of a rotation through the outbox', async (t) => {
  const world = await makeWorld(t);
  const { host, held } = await newGame(world, 'web1');
  await useUntilKnown(world, held);
  // The other replica is one that shares the database and nothing else.
  const other = { ...world.ctx, tokens: makeTokenCache() };
  await rotateAgentToken(other, host.id, { revoke: true });
  const version = world.ctx.bus.version('feed');
  if (await verifyAgentToken(world.ctx, held)) await world.ctx.bus.wait('feed', version, 20_000);
  assert.equal(await verifyAgentToken(world.ctx, held), undefined);
});

/** The event of its first use makes the process forget it once more; after that it stays known. */
async function useUntilKnown({ ctx }: World, token: string): Promise<void> {
  await verifyAgentToken(ctx, token);
  const newest = await newestEvent(ctx.db);
  await until('the event of the first use', () => (ctx.feed.newest >= newest ? true : undefined));
  await verifyAgentToken(ctx, token);
}
