import type { Opening, ProofOperation, Verdict } from '../../codec/types.ts';
import { type LeafScope, verifyOpening } from '../../learning/leaves.ts';
import type { Assignment, ProofSource } from '../../learning/types.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { Address } from '../../primitives/keys.ts';
import type { BlobStore } from '../../store/kv.ts';
import type { SimulatedModels } from './models.ts';
import { decodeState, encodeUpdate, endOfSegment, HONEST, rootOfBytes, type State, stateRoot } from './states.ts';

export interface SimulatedCheckerDependencies {
  readonly models: Pick<SimulatedModels, 'start'>;
  readonly blobs: BlobStore;
  /** Passes the time of re-executing one segment. */
  readonly work: (ms: number) => Promise<void>;
}

const ACCEPT: Verdict = { kind: 'accept' };
const UNAVAILABLE: Verdict = { kind: 'unavailable' };
const MAX_STATE_BYTES = 64;

/** The steps of learning/checker.ts, in its order, over simulated states. */
export function createSimulatedChecker(
  options: { readonly scope: (round: number, trainer: Address) => LeafScope; readonly segmentMs: number },
  { models, blobs, work }: SimulatedCheckerDependencies,
) {
  async function check(proof: ProofOperation, assignment: Assignment, segments: readonly number[], source: ProofSource): Promise<Verdict> {
    const startWeights = models.start(assignment.round, assignment.startRoot);
    const scope = options.scope(assignment.round, assignment.trainer);
    const openings: Opening[] = [];
    for (const segment of segments) {
      const opening = await source.opening(proof, segment);
      if (opening === undefined || !verifyOpening(scope, proof, segment, opening)) return UNAVAILABLE;
      openings.push(opening);
    }
    const first: State = { content: startWeights, segments: 0 };
    if (openings[0]?.segment === 0 && !equalBytes(openings[0].startState, stateRoot(first))) return { kind: 'fraud', segment: 0 };

    const starts = new Map<number, State>([[0, first]]);
    for (const { segment, startState } of openings) {
      if (segment === 0 || openings.some((other) => other.segment === segment - 1)) continue;
      const state = await obtain(startState, proof, source);
      if (state === undefined) return UNAVAILABLE;
      if (state.segments !== segment) return { kind: 'fraud', segment };
      starts.set(segment, state);
    }
    for (const { segment, endState } of openings) {
      const start = starts.get(segment);
      if (start === undefined) return UNAVAILABLE;
      await work(options.segmentMs);
      const end = endOfSegment(start, assignment, HONEST);
      const isLast = segment === proof.segments - 1;
      const isRight = equalBytes(stateRoot(end), endState);
      if (!isRight || (isLast && !equalBytes(encodeUpdate(startWeights, end).hash, proof.updateHash))) return { kind: 'fraud', segment };
      starts.set(segment + 1, end);
    }
    return ACCEPT;
  }

  async function obtain(root: Hash, proof: ProofOperation, source: ProofSource): Promise<State | undefined> {
    const isRight = (bytes: Uint8Array) => equalBytes(rootOfBytes(bytes), root);
    if (!(await blobs.has(root)) && !(await source.blob(root, proof.trainer, MAX_STATE_BYTES, isRight))) return undefined;
    const bytes = await blobs.get(root);
    return bytes !== undefined && isRight(bytes) ? decodeState(bytes) : undefined;
  }

  return { check };
}
