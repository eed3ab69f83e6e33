import { data, quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseAddress, parseArray, parseBlock, parseSlot } from '../parse.ts';

const FULL_SLOT_TEXT = 66;

/** A slot is named as it was asked for: as 32 bytes, or as a quantity. */
function slotName(text: string, slot: Uint8Array): string {
  return text.length === FULL_SLOT_TEXT ? data(slot) : quantity(BigInt(data(slot)));
}

/** An account and slots of it with Merkle paths to a state root (EIP-1186). */
export const ethGetProof: RpcMethod = {
  name: 'eth_getProof',
  async call([address, slots, block], { view }) {
    const keys = parseArray(slots, 'storageKeys').map((slot, i) => parseSlot(slot, `storageKeys[${i}]`));
    const account = parseAddress(address, 'address');
    const proof = await view.execution.proof(account, keys, parseBlock(block, 'block'));
    return {
      address: data(proof.address),
      accountProof: proof.accountProof.map(data),
      balance: quantity(proof.balance),
      codeHash: data(proof.codeHash),
      nonce: quantity(proof.nonce),
      storageHash: data(proof.storageRoot),
      storageProof: proof.storageProof.map(({ slot, value, proof: nodes }, i) => ({
        key: slotName((slots as readonly string[])[i] ?? '', slot),
        value: quantity(value.length === 0 ? 0n : BigInt(data(value))),
        proof: nodes.map(data),
      })),
    };
  },
};
