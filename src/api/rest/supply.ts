import type { NodeView } from '../../chain/view.ts';
import { STAKE_ADDRESS } from '../../params/genesis.ts';
import { toHex } from '../../primitives/bytes.ts';
import { formatPol } from '../../primitives/units.ts';

/**
 * GET /api/v1/supply: where all coins are, in wei. Balances of all accounts but `stake_address` are
 * `allocated + staked_at_genesis + minted − burned − held`, less the base fees of all blocks and what the last block sent to the
 * stake address (it is counted one block later).
 */
export function supply(view: NodeView) {
  const { height, minted, burned, bountyPool, stakes, payables } = view.chain.state();
  const { alloc, stakes: genesisStakes } = view.identity.genesis;
  const bonded = sum(stakes.map((stake) => stake.bonded));
  const unbonding = sum(stakes.map((stake) => stake.unbonding));
  const owed = sum(payables.map(({ wei }) => wei));
  const held = bonded + unbonding + owed + bountyPool;
  return {
    height,
    allocated: decimalSum(alloc),
    staked_at_genesis: decimalSum(genesisStakes),
    minted: minted.toString(),
    minted_pol: formatPol(minted),
    burned: burned.toString(),
    held: held.toString(),
    bonded: bonded.toString(),
    unbonding: unbonding.toString(),
    owed: owed.toString(),
    bounty_pool: bountyPool.toString(),
    stake_address: toHex(STAKE_ADDRESS),
  };
}

const sum = (amounts: readonly bigint[]) => amounts.reduce((total, each) => total + each, 0n);
const decimalSum = (amounts: Readonly<Record<string, string>>) => sum(Object.values(amounts).map(BigInt)).toString();
