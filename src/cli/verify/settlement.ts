import { stakeInput } from '../../chain/stake-requests.ts';
import type { FinalBlock } from '../../codec/types.ts';
import { decodeBlock } from '../../execution/block-view.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import { applyBlock } from '../../protocol/apply.ts';
import type { ProtocolContext } from '../../protocol/context.ts';
import { protocolRoot } from '../../protocol/state-codec.ts';
import type { ProtocolState, SealedRound, SettledRound, Withdrawal } from '../../protocol/types.ts';
import { type CertifiedDependencies, certifiedHeader, fetchCertifiedBlocks, fetchCertifiedState } from '../../sync/certified.ts';
import { fetchCertifiedStakeRequests } from '../../sync/certified-stakes.ts';
import { cliError } from '../errors.ts';

/** A round's settlement, made again from what certificates vouch for. */
export interface CertifiedSettlement {
  /** Before the boundary block that settled the round. */
  readonly state: ProtocolState;
  readonly sealed: SealedRound;
  readonly settled: SettledRound;
  readonly final: FinalBlock;
}

/**
 * Fetches the state before the boundary block at `height` and the block, and settles the round in it by the protocol's rules. What
 * comes out must be what the block's header and withdrawals say.
 *
 * @param height as some node says; a wrong one is found out
 * @throws CLI_NOT_KEPT when nobody serves the state or the blocks, CLI_CHECK_FAILED when the chain broke its rules
 */
export async function certifiedSettlement(
  { round, height }: { readonly round: number; readonly height: number },
  context: ProtocolContext,
  dependencies: CertifiedDependencies,
  signal: AbortSignal,
): Promise<CertifiedSettlement> {
  const state = await fetchCertifiedState(height - 1, dependencies, signal);
  const [parent, block] = (await fetchCertifiedBlocks(height - 1, 2, dependencies, signal)) ?? [];
  if (state === undefined || parent === undefined || block === undefined) {
    throw cliError(
      'CLI_NOT_KEPT',
      `nobody serves the ${state === undefined ? `protocol state of height ${height - 1}` : `blocks ${height - 1} and ${height}`} any more: name a node with a larger keep_rounds`,
    );
  }
  const { sealed } = state;
  if (sealed?.number !== round || state.open.sealsAt !== height) {
    throw cliError('CLI_CHECK_FAILED', `block ${height} does not settle round ${round}: the node named a wrong height`);
  }
  const { final } = block;
  const stakes = await certifiedStakes(parent.final.block.execution, dependencies, signal);
  const { operations, boundary, execution } = final.block;
  const output = applyBlock(state, { height, operations, boundary, ...stakes }, context);
  const require = (holds: boolean, rule: string) => {
    if (!holds) throw cliError('CLI_CHECK_FAILED', `block ${height}: ${rule}`);
  };
  require(equalBytes(
    protocolRoot(output.state),
    certifiedHeader(dependencies, height).protocolRoot,
  ), 'its state does not follow from its rules');
  require(paysExactly(execution, output.withdrawals), 'its withdrawals are not the rewards of the round');
  if (output.settled === undefined) throw cliError('CLI_CHECK_FAILED', `block ${height} settles nothing`);
  return { state, sealed, settled: output.settled, final };
}

/** What a block brought to the next one's protocol. @throws CLI_NOT_KEPT when nobody serves the state that says so */
export async function certifiedStakes(execution: Uint8Array, dependencies: CertifiedDependencies, signal: AbortSignal) {
  const requests = await fetchCertifiedStakeRequests(execution, dependencies, signal);
  if (requests === undefined) throw cliError('CLI_NOT_KEPT', 'nobody serves the state of the stake contract that a block left');
  return stakeInput(requests);
}

function paysExactly(execution: Uint8Array, expected: readonly Withdrawal[]): boolean {
  const paid = decodeBlock(execution).withdrawals ?? [];
  return (
    paid.length === expected.length &&
    paid.every(({ address, amount }, i) => amount === expected[i]?.gwei && equalBytes(address, expected[i]?.address ?? new Uint8Array()))
  );
}
