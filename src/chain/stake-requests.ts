import type { StakeRequest } from '../contracts/stake-requests.ts';
import type { ProtocolInput } from '../protocol/types.ts';

/** What a block's transactions asked of the stake contract, as the next block's protocol takes it in. */
export function stakeInput(requests: readonly StakeRequest[]): Required<Pick<ProtocolInput, 'deposits' | 'exits'>> {
  return {
    deposits: requests.flatMap((request) => (request.kind === 'deposit' ? [{ address: request.account, wei: request.wei }] : [])),
    exits: requests.flatMap((request) => (request.kind === 'exit' ? [{ account: request.account, gwei: request.gwei }] : [])),
  };
}
