import type { SettlingBlock } from '../../chain/lineage.ts';
import { stakeInput } from '../../chain/stake-requests.ts';
import { headerHash } from '../../codec/blocks.ts';
import { vectorRoot, zeroVectorRoot } from '../../learning/chunks.ts';
import { modelRootOf, startRootOf } from '../../learning/model-root.ts';
import { initialiseWeights } from '../../model/initialise.ts';
import { parameterLayout } from '../../model/layout.ts';
import { equalBytes, fromHex } from '../../primitives/bytes.ts';
import { applyBlock } from '../../protocol/apply.ts';
import type { ProtocolContext } from '../../protocol/context.ts';
import { initialProtocolState } from '../../protocol/genesis-state.ts';
import { protocolRoot } from '../../protocol/state-codec.ts';
import type { ProtocolState, SettledRound } from '../../protocol/types.ts';
import { type CertifiedDependencies, certifiedHeader, fetchCertifiedBlocks } from '../../sync/certified.ts';
import { MAX_BLOCKS_PER_RESPONSE } from '../../sync/limits.ts';
import { cliError } from '../errors.ts';
import { certifiedStakes } from './settlement.ts';

export interface Replay {
  readonly settled: ReadonlyMap<number, SettledRound>;
  /** The blocks that settled them, by height. */
  readonly blocks: ReadonlyMap<number, SettlingBlock>;
}

/**
 * Plays the learning protocol again from the genesis to a height: every block's operations by the rules, each state held against the
 * certified header. Nothing is trained or executed; a chain of thousands of blocks takes seconds.
 * @throws CLI_NOT_KEPT when nobody serves all blocks, CLI_CHECK_FAILED when a state does not follow
 */
export async function replayProtocol(
  height: number,
  context: ProtocolContext,
  dependencies: CertifiedDependencies,
  { signal, onHeight }: { readonly signal: AbortSignal; readonly onHeight: (height: number) => void },
): Promise<Replay> {
  const settled = new Map<number, SettledRound>();
  const blocks = new Map<number, SettlingBlock>();
  let state = firstState(context);
  let stakes = stakeInput([]);
  while (state.height < height) {
    const from = state.height + 1;
    const found = await fetchCertifiedBlocks(from, Math.min(MAX_BLOCKS_PER_RESPONSE, height - from + 1), dependencies, signal);
    if (found === undefined)
      throw cliError('CLI_NOT_KEPT', `nobody serves block ${from} any more: ask a network in which a node holds all history`);
    for (const { final } of found) {
      const { block, certificate } = final;
      const { operations, boundary, execution, header } = block;
      const output = applyBlock(state, { height: header.height, operations, boundary, ...stakes }, context);
      state = output.state;
      if (!equalBytes(protocolRoot(state), certifiedHeader(dependencies, header.height).protocolRoot)) {
        throw cliError('CLI_CHECK_FAILED', `block ${header.height}: its state does not follow from its rules`);
      }
      stakes = await certifiedStakes(execution, dependencies, signal);
      if (output.settled === undefined) continue;
      settled.set(output.settled.round, output.settled);
      blocks.set(header.height, { hash: headerHash(header), certificate, modelRoot: state.modelRoot });
    }
    onHeight(state.height);
  }
  return { settled, blocks };
}

function firstState({ genesis, genesisHash }: ProtocolContext): ProtocolState {
  const parameters = parameterLayout(genesis.model).count;
  const initial = new Float32Array(parameters);
  initialiseWeights(genesis.model, fromHex(genesis.learning.init_seed, 32), initial);
  const model = { weights: vectorRoot(initial), momentum: zeroVectorRoot(parameters) };
  return initialProtocolState(genesis, genesisHash, modelRootOf(model), startRootOf(model));
}
