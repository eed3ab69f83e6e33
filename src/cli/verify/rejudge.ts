import type { LoadedDataset } from '../../data/dataset.ts';
import { createChecker } from '../../learning/checker.ts';
import type { RoundStart } from '../../learning/models.ts';
import type { GateMeasurement, ProofSource, SegmentFinding } from '../../learning/types.ts';
import { createUpdateGate } from '../../learning/update-gate.ts';
import { createWorkload } from '../../learning/workload.ts';
import { createTrainingEngine } from '../../model/training-engine.ts';
import type { TrainingEngine } from '../../model/types.ts';
import type { Backend } from '../../numerics/backend.ts';
import type { Genesis } from '../../params/genesis.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { SegmentRef } from '../../protocol/draw.ts';
import type { SealedRound } from '../../protocol/types.ts';
import type { BlobStore } from '../../store/kv.ts';

/** Re-executes segments of one sealed round as an authority does, on this machine's own arithmetic. */
export interface Rejudge {
  segment(ref: SegmentRef): Promise<SegmentFinding>;
  /** What each sealed update does to the loss; they must be in the blob store. */
  gate(challengeSeed: Hash): Promise<GateMeasurement>;
  release(): void;
}

export function createRejudge(
  options: { readonly genesis: Genesis; readonly sealed: SealedRound; readonly start: RoundStart },
  dependencies: {
    readonly dataset: LoadedDataset;
    readonly backend: Backend;
    /** Another arithmetic, on which a mismatch is executed once more. */
    readonly confirmingBackend: (() => Promise<Backend>) | undefined;
    readonly blobs: BlobStore;
    readonly source: ProofSource;
    readonly closing: AbortSignal;
  },
): Rejudge {
  const { genesis, sealed, start } = options;
  const { dataset, backend, confirmingBackend, blobs, source, closing } = dependencies;
  const { number: round, beacon, roster, startRoot } = sealed;
  const shape = { model: genesis.model, learning: genesis.learning };
  let engine: TrainingEngine | undefined;
  const engineOf = () => {
    engine ??= createTrainingEngine(shape, { backend });
    return engine;
  };
  const models = { start: async () => start };
  const nothing = async () => {};
  const workload = createWorkload(genesis, { dataset });
  const checker = createChecker(workload, {
    engine: engineOf,
    confirmingEngine: async () => confirmingBackend && createTrainingEngine(shape, { backend: await confirmingBackend() }),
    models,
    blobs,
    index: { note: nothing, knows: () => false, dropBefore: nothing },
    openings: { keep: nothing },
    onFault: () => {},
    closing,
  });
  const updateGate = createUpdateGate({
    engine: engineOf,
    models,
    update: (hash) => blobs.get(hash),
    format: workload.updates,
    dataset,
    contextLength: genesis.model.context_length,
  });

  return {
    async segment({ proof: place, segment }) {
      const proof = sealed.proofs[place];
      if (proof === undefined) throw new RangeError(`there is no proof ${place} in round ${round}`);
      const [found] = await checker.check(proof, { round, trainer: proof.trainer, beacon, roster, startRoot }, [segment], source);
      return found ?? { segment, result: 'unavailable' };
    },
    gate: (seed) => updateGate.measure({ round, startRoot, seed, updates: sealed.proofs.map(({ updateHash }) => updateHash) }),
    release: () => engine?.release(),
  };
}
