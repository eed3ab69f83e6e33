import { createAddressFromString } from '@ethereumjs/util';
import type { VM } from '@ethereumjs/vm';
import { fromHex, uint64BE } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';

/** EIP-4788: the contract that tells contracts the parent consensus header's hash, and the length of its ring. */
export const BEACON_ROOTS_ADDRESS = createAddressFromString('0x000f3df6d732807ef1319fb7b8bb8522d0beac02');
export const BEACON_ROOTS_CODE = fromHex(
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500',
);
const HISTORY_BUFFER_LENGTH = 8191;

/** A slot that a block begins by setting, without a transaction. */
export interface SystemWrite {
  readonly address: Address;
  readonly slot: Uint8Array;
  readonly value: Uint8Array;
}

/** What the contract does when the system calls it at the start of a block (EIP-4788, "Block processing"). */
export function beaconRootSlots(block: { readonly timestamp: number; readonly parentBeaconBlockRoot: Hash }): readonly SystemWrite[] {
  const address = BEACON_ROOTS_ADDRESS.bytes;
  const slot = block.timestamp % HISTORY_BUFFER_LENGTH;
  return [
    { address, slot: word(slot), value: word(block.timestamp) },
    { address, slot: word(slot + HISTORY_BUFFER_LENGTH), value: block.parentBeaconBlockRoot },
  ];
}

/** The same on EthereumJS's state. */
export async function storeBeaconRoot(machine: VM, block: Parameters<typeof beaconRootSlots>[0]): Promise<void> {
  for (const { slot, value } of beaconRootSlots(block)) await machine.stateManager.putStorage(BEACON_ROOTS_ADDRESS, slot, value);
  await machine.evm.journal.cleanup();
}

function word(value: number): Uint8Array {
  const out = new Uint8Array(32);
  out.set(uint64BE(value), 24);
  return out;
}
