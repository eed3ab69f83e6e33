import type { Opening, ProofOperation } from '../../codec/types.ts';
import { type LeafScope, verifyOpening } from '../../learning/leaves.ts';
import type { Assignment, ProofSource, SegmentFinding } from '../../learning/types.ts';
import { equalBytes, uint64BE } from '../../primitives/bytes.ts';
import { type Hash, sha256, taggedHash } from '../../primitives/hash.ts';
import type { Address } from '../../primitives/keys.ts';
import type { BlobStore } from '../../store/kv.ts';
import type { SimulatedModels } from './models.ts';
import { decodeState, encodeUpdate, endOfSegment, rootOfBytes, type State, startOf, stateRoot } from './states.ts';

export interface SimulatedCheckerDependencies {
  readonly models: Pick<SimulatedModels, 'start'>;
  readonly blobs: BlobStore;
  /** Passes the time of re-executing one segment. */
  readonly work: (ms: number) => Promise<void>;
}

const MAX_STATE_BYTES = 64;

/** The steps of learning/checker.ts, in its order, over simulated states. */
export function createSimulatedChecker(
  options: { readonly scope: (round: number, trainer: Address) => LeafScope; readonly segmentMs: number; readonly steps: number },
  { models, blobs, work }: SimulatedCheckerDependencies,
) {
  async function check(
    proof: ProofOperation,
    assignment: Assignment,
    segments: readonly number[],
    source: ProofSource,
  ): Promise<readonly SegmentFinding[]> {
    const startWeights = models.start(assignment.round, assignment.startRoot);
    const scope = options.scope(assignment.round, assignment.trainer);
    const findings: SegmentFinding[] = [];
    for (const segment of [...new Set(segments)].sort((x, y) => x - y)) {
      const opening = await source.opening(proof, segment);
      const isOpen = opening !== undefined && verifyOpening(scope, proof, segment, opening);
      findings.push(isOpen ? await judge(opening, proof, assignment, startWeights, source) : { segment, result: 'unavailable' });
    }
    return findings;
  }

  async function judge(
    { segment, startState, endState }: Opening,
    proof: ProofOperation,
    assignment: Assignment,
    startWeights: Hash,
    source: ProofSource,
  ): Promise<SegmentFinding> {
    const first = startOf(startWeights);
    if (segment === 0 && !equalBytes(startState, stateRoot(first))) return { segment, result: 'fraud', fault: 'start', stepDigests: [] };
    const start = segment === 0 ? first : await stateOf(startState, proof, source);
    if (start === undefined) return { segment, result: 'unavailable' };
    if (start.segments !== segment) return { segment, result: 'fraud', fault: 'state', stepDigests: [] };
    await work(options.segmentMs);
    const end = endOfSegment(start, assignment, 'honest');
    const stepDigests = Array.from({ length: options.steps }, (_, step) =>
      taggedHash('simulated/gradients/1', start.content, end.content, uint64BE(step)),
    );
    if (!equalBytes(stateRoot(end), endState)) return { segment, result: 'fraud', fault: 'state', stepDigests };
    const isLast = segment === proof.segments - 1;
    if (isLast && !equalBytes(sha256(encodeUpdate(startWeights, end)), proof.updateHash)) {
      return { segment, result: 'fraud', fault: 'update', stepDigests };
    }
    return { segment, result: 'held', stepDigests };
  }

  async function stateOf(root: Hash, proof: ProofOperation, source: ProofSource): Promise<State | undefined> {
    const isRight = (bytes: Uint8Array) => equalBytes(rootOfBytes(bytes), root);
    if (!(await blobs.has(root)) && !(await source.blob(root, proof.trainer, MAX_STATE_BYTES, isRight))) return undefined;
    const bytes = await blobs.get(root);
    return bytes !== undefined && isRight(bytes) ? decodeState(bytes) : undefined;
  }

  async function obtain(proof: ProofOperation, { round, trainer }: Assignment, segment: number, source: ProofSource): Promise<boolean> {
    const opening = await source.opening(proof, segment);
    if (opening === undefined || !verifyOpening(options.scope(round, trainer), proof, segment, opening)) return false;
    return segment === 0 || (await stateOf(opening.startState, proof, source)) !== undefined;
  }

  return { check, obtain };
}
