import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** What authorities need to vote this node in: its address and the tips of its two hash chains, which are public. */
export const polCandidacy: RpcMethod = {
  name: 'pol_candidacy',
  async call(_, { view }) {
    const { tip, secretTip } = await view.operator.candidacy();
    return { address: data(view.wallet.address), tip: data(tip), secret_tip: data(secretTip) };
  },
};
