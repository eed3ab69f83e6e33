import { type StakeRequest, stakeRequests } from '../../contracts/stake-requests.ts';
import { STAKE_ADDRESS } from '../../params/genesis.ts';
import { fromHex, type Hex, toHex, toQuantity } from '../../primitives/bytes.ts';
import type { EngineRpc } from './engine-rpc.ts';

/** What a block asked of the stake contract, from the client's state after it: most blocks ask nothing, which one slot tells. */
export async function externalStakeRequests(questions: EngineRpc, number: number): Promise<readonly StakeRequest[]> {
  const known = new Map<string, Uint8Array>();
  for (;;) {
    let missing: Uint8Array | undefined;
    const requests = stakeRequests((slot) => {
      const value = known.get(toHex(slot));
      if (value === undefined) missing ??= slot;
      // A zero ends every loop over what is not known yet.
      return value ?? new Uint8Array(32);
    }, number);
    if (missing === undefined) return requests;
    const value = await questions.call<Hex>('eth_getStorageAt', toHex(STAKE_ADDRESS), toHex(missing), toQuantity(number));
    const word = new Uint8Array(32);
    const bytes = fromHex(value.length % 2 === 0 ? value : `0x0${value.slice(2)}`);
    word.set(bytes, 32 - bytes.length);
    known.set(toHex(missing), word);
  }
}
