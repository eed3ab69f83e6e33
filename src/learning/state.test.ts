import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { CHUNK_BYTES, littleEndianBytes, vectorFromBytes, vectorRoot, zeroVectorRoot } from './chunks.ts';
import { leafOf, leavesRoot, openSegment, verifyOpening } from './leaves.ts';
import { decodeState, encodeState, isStateOf, startStateRoot, stateByteLength, stateRoot, type TrainingState } from './state.ts';

const CHUNK_VALUES = CHUNK_BYTES / 4;

function counting(length: number, scale = 1): Float32Array {
  return Float32Array.from({ length }, (_, i) => (i % 1000) * scale);
}

function stateOf(length: number, step: number): TrainingState {
  return { weights: counting(length), firstMoment: counting(length, 0.5), secondMoment: counting(length, 0.25), step };
}

describe('vector roots', () => {
  it('bind every bit and the length', () => {
    const vector = counting(2 * CHUNK_VALUES + 3);
    const root = toHex(vectorRoot(vector));
    for (const at of [0, CHUNK_VALUES - 1, CHUNK_VALUES, 2 * CHUNK_VALUES + 2]) {
      const changed = vector.slice();
      littleEndianBytes(changed)[at * 4] = (littleEndianBytes(changed)[at * 4] as number) ^ 1;
      expect(toHex(vectorRoot(changed))).not.toBe(root);
    }
    expect(toHex(vectorRoot(vector.subarray(0, -1)))).not.toBe(root);
    expect(toHex(vectorRoot(Float32Array.of(0)))).not.toBe(toHex(vectorRoot(Float32Array.of(-0))));
    expect(root).toMatchInlineSnapshot(`"0x9f87236794e063fba02a80386165cf42aeeddeef9a8cad21a4ff97b9a019b975"`);
  });

  it('of zeros need no vector', () => {
    for (const length of [1, 5, CHUNK_VALUES, CHUNK_VALUES + 1, 3 * CHUNK_VALUES]) {
      expect(toHex(zeroVectorRoot(length))).toBe(toHex(vectorRoot(new Float32Array(length))));
    }
  });

  it('read unaligned bytes', () => {
    const bytes = new Uint8Array(13);
    bytes.set(littleEndianBytes(Float32Array.of(1.5, -2, 3)), 1);
    expect([...vectorFromBytes(bytes.subarray(1))]).toEqual([1.5, -2, 3]);
  });
});

describe('training states', () => {
  it('encode and decode to the same root', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat({ max: 3 }), (length, step, shift) => {
        const state = stateOf(length, step);
        const moved = new Uint8Array(stateByteLength(length) + shift);
        moved.set(encodeState(state), shift);
        const decoded = decodeState(moved.subarray(shift), length);
        expect(decoded.step).toBe(step);
        expect(toHex(stateRoot(decoded))).toBe(toHex(stateRoot(state)));
        expect(isStateOf(stateRoot(state), moved.subarray(shift), length)).toBe(true);
      }),
    );
  });

  it('have a root that every byte of the encoding moves', () => {
    const state = stateOf(10, 7);
    const root = stateRoot(state);
    const bytes = encodeState(state);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ 0x40;
      expect(isStateOf(root, changed, 10)).toBe(false);
    }
  });

  it('of a round start follow from its weights', () => {
    const weights = counting(20);
    const start = { weights, firstMoment: new Float32Array(20), secondMoment: new Float32Array(20), step: 0 };
    expect(toHex(startStateRoot(vectorRoot(weights), 20))).toBe(toHex(stateRoot(start)));
  });

  it('of another size are refused', () => {
    const bytes = encodeState(stateOf(10, 1));
    expect(() => decodeState(bytes.subarray(1), 10)).toThrow(expect.objectContaining({ code: 'LEARNING_STATE_INVALID' }));
    expect(isStateOf(stateRoot(stateOf(10, 1)), bytes, 11)).toBe(false);
  });
});

describe('leaves', () => {
  const scope = { chainId: 1, genesisHash: new Uint8Array(32).fill(1), round: 3, trainer: new Uint8Array(20).fill(2) };
  const roots = [0, 1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
  const proof = {
    type: 'proof' as const,
    trainer: scope.trainer,
    round: scope.round,
    segments: 3,
    tokens: 1,
    leavesRoot: leavesRoot(scope, roots),
    updateHash: new Uint8Array(32),
    updateBytes: 1,
    loss: 0,
  };

  it('open for their own trainer, round and chain only', () => {
    for (const segment of [0, 1, 2]) {
      const opening = openSegment(scope, roots, segment);
      if (opening === undefined) throw new Error('a segment did not open');
      expect(verifyOpening(scope, proof, segment, opening)).toBe(true);
      for (const other of [
        { ...scope, chainId: 2 },
        { ...scope, genesisHash: new Uint8Array(32) },
        { ...scope, round: 4 },
        { ...scope, trainer: new Uint8Array(20) },
      ]) {
        expect(verifyOpening(other, proof, segment, opening)).toBe(false);
      }
      expect(verifyOpening(scope, proof, (segment + 1) % 3, opening)).toBe(false);
      expect(verifyOpening(scope, proof, segment, { ...opening, endState: new Uint8Array(32) })).toBe(false);
      expect(verifyOpening(scope, proof, segment, { ...opening, startState: new Uint8Array(31) })).toBe(false);
    }
    expect(openSegment(scope, roots, 3)).toBeUndefined();
    expect(openSegment(scope, roots, -1)).toBeUndefined();
  });

  it('keep their hash', () => {
    expect(toHex(leafOf(scope, 1, roots[1] as Uint8Array))).toMatchInlineSnapshot(
      `"0x4f9a978e4ef518086f1334626184aaeb97bc40260bfddb670dc593fcaaae4139"`,
    );
  });
});
