import { type Hash, taggedHash } from '../primitives/hash.ts';

/** A model by its vectors' roots: weights, and the outer optimizer's momentum. */
export interface ModelVectors {
  readonly weights: Hash;
  readonly momentum: Hash;
}

/** Identity of a model: what a boundary block names and a newcomer asks for. */
export function modelRootOf(model: ModelVectors): Hash {
  return taggedHash('pol/model/1', model.weights, model.momentum);
}

/** Identity of a round's start. Trainers need the weights only; momentum belongs to the settled model. */
export function startRootOf(model: Pick<ModelVectors, 'weights'>): Hash {
  return taggedHash('pol/start/1', model.weights);
}
