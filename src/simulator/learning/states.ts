import { slotOf } from '../../data/batches.ts';
import type { Assignment } from '../../learning/types.ts';
import { concatBytes, uint64BE } from '../../primitives/bytes.ts';
import { type Hash, taggedHash } from '../../primitives/hash.ts';

/**
 * SIMULATED training: a state is a hash, a segment a hash of where it began and what was done. Equal work gives equal bits,
 * as the exact arithmetic of a real network does, and any other work gives others.
 */
export interface State {
  /** 32 bytes in the place of weights and moments. */
  readonly content: Hash;
  /** Segments since the round's start. */
  readonly segments: number;
  /** A weight is out of all proportion: it stays so, and an update made from it raises the loss. */
  readonly isSpoilt: boolean;
}

/** What was done in the place of a segment. Only `honest` is what the assignment asks for; `forged` alone costs no time. */
export type Work = 'honest' | 'other-data' | 'other-rate' | 'flipped-bit' | 'jump' | 'forged';

const WORK_BYTE: Readonly<Record<Work, number>> = { honest: 0, 'other-data': 1, 'other-rate': 2, 'flipped-bit': 3, jump: 4, forged: 5 };
const STATE_BYTES = 41;
export const UPDATE_BYTES = 65;

/** Ranking a roster costs a hash a member, and an assignment does not change. */
const slots = new WeakMap<Assignment, number>();

function slotIn(assignment: Assignment): number {
  const { beacon, roster, trainer } = assignment;
  const slot = slots.get(assignment) ?? slotOf(beacon, roster, trainer);
  slots.set(assignment, slot);
  return slot;
}

/** Identity of the data of one segment: the assignment fixes it, nobody chooses. */
function batchOf(assignment: Assignment, segment: number): Hash {
  return taggedHash('simulated/batch/1', assignment.beacon, uint64BE(slotIn(assignment)), uint64BE(segment));
}

/** The state after one segment's work. */
export function endOfSegment(start: State, assignment: Assignment, work: Work): State {
  const done = Uint8Array.of(WORK_BYTE[work]);
  const content = taggedHash('simulated/segment/1', start.content, batchOf(assignment, start.segments), done);
  return { content, segments: start.segments + 1, isSpoilt: start.isSpoilt || work === 'jump' };
}

/** Where every round begins. */
export function startOf(weights: Hash): State {
  return { content: weights, segments: 0, isSpoilt: false };
}

export function encodeState({ content, segments, isSpoilt }: State): Uint8Array {
  return concatBytes(content, uint64BE(segments), Uint8Array.of(Number(isSpoilt)));
}

/** Undefined when the bytes are no state. */
export function decodeState(bytes: Uint8Array): State | undefined {
  if (bytes.length !== STATE_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { content: bytes.slice(0, 32), segments: Number(view.getBigUint64(32)), isSpoilt: bytes[40] === 1 };
}

export function stateRoot(state: State): Hash {
  return rootOfBytes(encodeState(state));
}

export function rootOfBytes(bytes: Uint8Array): Hash {
  return taggedHash('simulated/state/1', bytes);
}

/** In the place of the quantised difference of end and start. */
export function encodeUpdate(startWeights: Hash, { content, isSpoilt }: State): Uint8Array {
  return concatBytes(startWeights, content, Uint8Array.of(Number(isSpoilt)));
}

export function isSpoiltUpdate(bytes: Uint8Array): boolean {
  return bytes[UPDATE_BYTES - 1] === 1;
}
