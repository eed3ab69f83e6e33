import { Buffer } from 'node:buffer';
import { sha256 } from '../primitives/hash.ts';
import type { TrainingEngine } from './types.ts';

/** SHA-256 of weights and both moments, in hexadecimal. */
export function stateHash(engine: Pick<TrainingEngine, 'weights' | 'firstMoment' | 'secondMoment'>): string {
  const bytes = (words: Float32Array) => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  return Buffer.from(sha256(bytes(engine.weights), bytes(engine.firstMoment), bytes(engine.secondMoment))).toString('hex');
}
