import { describe, expect, it } from 'vitest';
import { named } from '../chain/testing/network.ts';
import { openingCodec } from '../codec/opening.ts';
import type { Opening, ProofOperation } from '../codec/types.ts';
import { leavesRoot, openSegment } from '../learning/leaves.ts';
import { utf8 } from '../primitives/bytes.ts';
import { type Clock, systemClock } from '../primitives/clock.ts';
import { PolError } from '../primitives/errors.ts';
import { sha256 } from '../primitives/hash.ts';
import { checksumAddress } from '../primitives/keys.ts';
import { silentLogger } from '../primitives/log.ts';
import { createMemoryBlobStore } from '../store/memory-blobs.ts';
import { MAX_SLOW_PEER_REST_MS, SLOW_PEER_REST_MS } from './limits.ts';
import { createPeerSource } from './peer-source.ts';
import { fakePeers } from './testing/network.ts';

const UPDATE = utf8('an update');
const TRAINER = new Uint8Array(20).fill(7);
const REFERENCE = { trainer: TRAINER, updateHash: sha256(UPDATE), tokens: 1 };
const GENESIS_HASH = named('genesis', 1);
const SCOPE = { chainId: 1, genesisHash: GENESIS_HASH, round: 3, trainer: TRAINER };
const STATES = [0, 1, 2, 3].map((i) => named('state', i));
const OPENING = openSegment(SCOPE, STATES, 1) as Opening;
const PROOF = { round: 3, trainer: TRAINER, segments: 3, leavesRoot: leavesRoot(SCOPE, STATES) } as ProofOperation;
const WAIT_MS = 60_000;

function setUp(peers: Parameters<typeof fakePeers>[0], own?: Opening, clock: Clock = systemClock) {
  const { world, network } = fakePeers(peers);
  const blobs = createMemoryBlobStore();
  const source = createPeerSource(
    { maxUpdateBytes: 100, chainId: 1, genesisHash: GENESIS_HASH },
    {
      network,
      blobs,
      openings: { opening: async () => own },
      models: { fetch: async () => undefined, discard: async () => {} },
      clock,
      stopping: new AbortController().signal,
      log: silentLogger,
    },
  );
  return { world, blobs, source };
}

describe('createPeerSource', () => {
  it('fetches an update into the store, from its trainer first, and only once', async () => {
    const { world, blobs, source } = setUp([
      { id: 'other', answer: () => UPDATE },
      { id: 'trainer', account: checksumAddress(TRAINER), answer: () => UPDATE },
    ]);
    expect(await source.update(REFERENCE, WAIT_MS)).toBe(true);
    expect(await blobs.get(REFERENCE.updateHash)).toEqual(UPDATE);
    expect(await source.update(REFERENCE, WAIT_MS)).toBe(true);
    expect(world.asked).toEqual(['trainer']);
    await source.discard(REFERENCE);
    expect(await blobs.has(REFERENCE.updateHash)).toBe(false);
  });

  it('goes on to the next peer after other bytes, none, too many, or an error; the wrong ones cost', async () => {
    const { world, source } = setUp([
      { id: 'wrong', answer: () => utf8('something else') },
      { id: 'empty' },
      { id: 'long', answer: () => new Uint8Array(101) },
      { id: 'broken', answer: () => Promise.reject(new Error('reset')) },
      { id: 'good', answer: () => UPDATE },
    ]);
    expect(await source.update(REFERENCE, WAIT_MS)).toBe(true);
    expect(world.asked).toHaveLength(5);
    expect(world.penalised).toEqual(['wrong']);
  });

  it('says so when nobody has it', async () => {
    const { source, blobs } = setUp([{ id: 'empty' }]);
    expect(await source.update(REFERENCE, WAIT_MS)).toBe(false);
    expect(await blobs.list()).toEqual([]);
  });

  it('shares a transfer, and lets it go on when a caller has waited long enough', async () => {
    let send: (bytes: Uint8Array) => void = () => {};
    const { world, source } = setUp([{ id: 'slow', answer: () => new Promise((resolve) => (send = resolve)) }]);
    const patient = source.update(REFERENCE, WAIT_MS);
    expect(await source.update(REFERENCE, 0)).toBe(false);
    send(UPDATE);
    expect(await patient).toBe(true);
    expect(world.asked).toEqual(['slow']);
  });

  it('opens its own proofs itself, and asks for others’', async () => {
    const own = setUp([{ id: 'peer', answer: () => openingCodec.encode(OPENING) }], OPENING);
    expect(await own.source.opening(PROOF, 1)).toEqual(OPENING);
    expect(own.world.asked).toEqual([]);
    const others = setUp([
      { id: 'garbage', answer: () => Uint8Array.of(1) },
      { id: 'peer', answer: () => openingCodec.encode(OPENING) },
    ]);
    expect(await others.source.opening(PROOF, 1)).toEqual(OPENING);
    expect(await setUp([{ id: 'empty' }]).source.opening(PROOF, 1)).toBeUndefined();
  });

  it('asks a peer that kept it waiting for nothing else for a while', async () => {
    let now = 0;
    const clock: Clock = { now: () => now, after: () => () => {} };
    const silent = () => Promise.reject(new PolError('NETWORK_TIMEOUT', 'no answer in time'));
    const { world, source } = setUp(
      [{ id: 'loris', account: checksumAddress(TRAINER), answer: silent }, { id: 'other' }],
      undefined,
      clock,
    );
    for (const segment of [0, 1, 2]) expect(await source.opening(PROOF, segment)).toBeUndefined();
    expect(await source.blob(named('state', 1), TRAINER, 100, () => true)).toBe(false);
    expect(world.asked).toEqual(['loris', 'other', 'other', 'other', 'other']);
    now = SLOW_PEER_REST_MS;
    await source.opening(PROOF, 0);
    expect(world.asked.slice(5)).toEqual(['loris', 'other']);
  });

  it('leaves it alone for twice as long each time in a row, up to a bound, and begins anew after an answer', async () => {
    let now = 0;
    let answers = false;
    const clock: Clock = { now: () => now, after: () => () => {} };
    const silent = () => (answers ? new Uint8Array() : Promise.reject(new PolError('NETWORK_TIMEOUT', 'no answer in time')));
    const { world, source } = setUp([{ id: 'loris', answer: silent }], undefined, clock);
    const asksAt = async (time: number) => {
      now = time;
      world.asked.length = 0;
      await source.opening(PROOF, 0);
      return world.asked.length === 1;
    };
    expect(await asksAt(0)).toBe(true);
    let rest = SLOW_PEER_REST_MS;
    for (let times = 0; times < 8; times++) {
      const until = now + rest;
      expect(await asksAt(until - 1)).toBe(false);
      expect(await asksAt(until)).toBe(true);
      rest = Math.min(2 * rest, MAX_SLOW_PEER_REST_MS);
    }
    expect(rest).toBe(MAX_SLOW_PEER_REST_MS);
    answers = true;
    expect(await asksAt(now + rest)).toBe(true);
    answers = false;
    expect(await asksAt(now)).toBe(true);
    expect(await asksAt(now + SLOW_PEER_REST_MS)).toBe(true);
  });

  it('goes on to the next peer after wrong Merkle paths, another segment’s opening or too long a path, all of which cost', async () => {
    const [first] = OPENING.startPath;
    for (const wrong of [
      { ...OPENING, startPath: [...OPENING.startPath].reverse() },
      { ...OPENING, endState: named('state', 9) },
      { ...OPENING, endPath: OPENING.endPath.slice(1) },
      { ...OPENING, startPath: [...OPENING.startPath, first as Uint8Array] },
      openSegment(SCOPE, STATES, 2) as Opening,
      openSegment({ ...SCOPE, trainer: new Uint8Array(20).fill(8) }, STATES, 1) as Opening,
    ]) {
      const { world, source } = setUp([
        { id: 'liar', answer: () => openingCodec.encode(wrong) },
        { id: 'witness', answer: () => openingCodec.encode(OPENING) },
      ]);
      expect(await source.opening(PROOF, 1)).toEqual(OPENING);
      expect(world.penalised).toEqual(['liar']);
    }
  });
});
