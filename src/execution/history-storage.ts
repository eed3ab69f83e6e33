import { createAddressFromString } from '@ethereumjs/util';
import type { VM } from '@ethereumjs/vm';
import type { Hash } from '../primitives/hash.ts';
import { wordOf } from './tracers/touched.ts';

/** EIP-2935: the contract that tells contracts earlier blocks' hashes, and the length of its ring. */
const HISTORY_STORAGE_ADDRESS = createAddressFromString('0x0000f90827f1c53a10cb7a02335b175320002935');
const HISTORY_SERVE_WINDOW = 8191n;

/** What the contract does when the system calls it at the start of a block; this chain's rules do not have it yet. */
export async function storeParentHash(machine: VM, block: { readonly number: number; readonly parentHash: Hash }): Promise<void> {
  const { stateManager } = machine;
  if ((await stateManager.getAccount(HISTORY_STORAGE_ADDRESS)) === undefined) return;
  await stateManager.putStorage(HISTORY_STORAGE_ADDRESS, wordOf(BigInt(block.number - 1) % HISTORY_SERVE_WINDOW), block.parentHash);
  await machine.evm.journal.cleanup();
}
