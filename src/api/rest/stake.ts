import type { NodeView } from '../../chain/view.ts';
import { STAKE_ADDRESS } from '../../params/genesis.ts';
import type { Address } from '../../primitives/keys.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { formatPol } from '../../primitives/units.ts';
import { authorityMinimum, stakeOf, trainerMinimum } from '../../protocol/stakes.ts';
import { parseAddress } from '../jsonrpc/parse.ts';

/** GET /api/v1/stakes/{address} */
export function stake(view: NodeView, text: string) {
  return stakeJson(view, parseAddress(text, 'address'));
}

/** What an account has at stake, and what it needs. An account that never staked has zero. */
export function stakeJson(view: NodeView, address: Address) {
  const state = view.chain.state();
  const { bonded, unbonding, unbondsAt, offences } = stakeOf(state.stakes, address);
  const { staking } = view.identity.genesis;
  return {
    address: checksumAddress(address),
    bonded: bonded.toString(),
    bonded_pol: formatPol(bonded),
    unbonding: unbonding.toString(),
    unbonding_pol: formatPol(unbonding),
    /** The stake asked back is owed at the end of this round. */
    unbonds_after_round: unbonding === 0n ? null : unbondsAt,
    offences,
    trainer_minimum: trainerMinimum(state).toString(),
    authority_minimum: authorityMinimum(state).toString(),
    stake_address: checksumAddress(STAKE_ADDRESS),
    minimum_deposit: staking.minimum_deposit,
    unbonding_rounds: staking.unbonding_rounds,
    round: state.open.number,
  };
}
