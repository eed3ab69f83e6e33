import { describe, expect, it } from 'vitest';
import { signerOf } from '../execution/testing/fixture.ts';
import { uint64BE } from '../primitives/bytes.ts';
import { keccak256 } from '../primitives/hash.ts';
import { signerFromPrivateKey } from '../primitives/keys.ts';
import type { ProtocolState } from '../protocol/types.ts';
import { MAX_POOLED_UNRIPE_OPERATIONS } from './limits.ts';
import { createOperationPool } from './operation-pool.ts';
import { authority, CONTEXT, commitment, INITIAL, join, named, proof, reveal, sealedRound, TRAINER } from './testing/network.ts';

const other = signerOf(32);

/** Round 1 is open with one trainer, round 0 was sealed at height 4. */
const TRAINING: ProtocolState = {
  ...INITIAL,
  height: 5,
  open: { ...INITIAL.open, number: 1, openedAt: 4, sealsAt: 10, roster: [TRAINER.address] },
  sealed: sealedRound({ number: 0, sealedAt: 4 }),
};

/** A block later, when its segments are drawn. */
const DRAWN: ProtocolState = { ...TRAINING, height: 6, sealed: sealedRound({ number: 0, sealedAt: 4, challengeSeed: named('seed', 0) }) };

function poolAt(state: ProtocolState) {
  let current = state;
  const pool = createOperationPool({ context: CONTEXT, state: () => current });
  return {
    pool,
    move(next: Partial<ProtocolState>) {
      current = { ...current, ...next };
      pool.prune([]);
    },
  };
}

describe('createOperationPool', () => {
  it('keeps what applies, and tells again from known by the height', () => {
    const { pool, move } = poolAt(TRAINING);
    const operation = proof(TRAINER, 1);
    expect(pool.add(operation)).toBe('added');
    expect(pool.add(operation)).toBe('known');
    move({ height: 6 });
    expect(pool.add(operation)).toBe('again');
    expect(pool.add(operation)).toBe('known');
    expect(pool.size).toBe(1);
  });

  it('refuses what no block will carry, and what another wrote', () => {
    const { pool } = poolAt(TRAINING);
    expect(pool.add(proof(TRAINER, 0))).toBe('refused');
    expect(pool.add(proof(other, 1))).toBe('refused');
    expect(pool.add(join(TRAINER, 1))).toBe('refused');
    expect(pool.add(proof(TRAINER, 3))).toBe('refused');
    expect(pool.add({ operation: proof(TRAINER, 1).operation, signature: proof(other, 1).signature })).toBe('forged');
    // The forgery did not take the place of the real one.
    expect(pool.add(proof(TRAINER, 1))).toBe('added');
  });

  it('keeps one operation for each author, kind and round', () => {
    const { pool } = poolAt(TRAINING);
    expect(pool.add(proof(TRAINER, 1))).toBe('added');
    expect(pool.add(proof(TRAINER, 1, 2, 'other'))).toBe('refused');
    expect(pool.size).toBe(1);
  });

  it('tells what the next block could carry', () => {
    const { pool, move } = poolAt(TRAINING);
    expect(pool.applies(proof(TRAINER, 1).operation)).toBe(true);
    expect(pool.applies(commitment(DRAWN, 0).operation)).toBe(false);
    move({ height: 9 });
    expect(pool.applies(proof(TRAINER, 1).operation)).toBe(false);
  });

  it('has room for proofs and preimages beside a flood of joins', () => {
    const { pool } = poolAt(TRAINING);
    for (let i = 0; i < MAX_POOLED_UNRIPE_OPERATIONS; i++) pool.add(join(signerFromPrivateKey(keccak256(uint64BE(i))), 1));
    expect(pool.size).toBe(MAX_POOLED_UNRIPE_OPERATIONS);
    expect(pool.add(join(other, 1))).toBe('refused');
    expect(pool.add(proof(TRAINER, 1))).toBe('added');
    expect(pool.add(reveal(TRAINING, 0, 0))).toBe('added');
    const types = pool.select(TRAINING).map(({ operation }) => operation.type);
    // Of four places two are for trainers without a stake.
    expect(types).toEqual(['reveal', 'proof', 'join', 'join']);
  });

  it('selects votes once the challenges are known', () => {
    const { pool, move } = poolAt(TRAINING);
    expect(pool.add(commitment(DRAWN, 0))).toBe('added');
    expect(pool.select(TRAINING)).toEqual([]);
    move(DRAWN);
    expect(pool.select(DRAWN)).toHaveLength(1);
  });

  it('forgets what a block holds or makes stale, and frees its place', () => {
    const { pool, move } = poolAt(TRAINING);
    const included = proof(TRAINER, 1);
    pool.add(included);
    pool.add(reveal(TRAINING, 1, 0));
    pool.prune([included]);
    expect(pool.size).toBe(1);
    expect(pool.add(proof(TRAINER, 1, 2, 'other'))).toBe('added');
    move({ height: 6 });
    expect(pool.size).toBe(1);
    expect(authority(1)).toBeDefined();
  });
});
