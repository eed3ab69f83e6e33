import { Address as EthereumAddress, unpadBytes } from '@ethereumjs/util';
import type { VM } from '@ethereumjs/vm';
import { TRAINING_CONTRACT } from '../contracts/addresses.ts';
import { STAKE_CODE, TRAINING_CODE } from '../contracts/artifacts.ts';
import { LEAST_DEPOSIT_SLOT, type StakeRequest, stakeRequests } from '../contracts/stake-requests.ts';
import { word } from '../contracts/storage.ts';
import { type Genesis, STAKE_ADDRESS } from '../params/genesis.ts';
import { fromHex } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';
import { BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE } from './beacon-roots.ts';
import type { SystemWrite } from './engine.ts';
import type { WorldState } from './state/world-state.ts';

/** A contract that is there from the first block on, and what its storage begins with: words by slot, without leading zeros. */
export interface SystemContract {
  readonly address: Address;
  readonly code: Uint8Array;
  readonly storage: readonly (readonly [slot: Uint8Array, value: Uint8Array])[];
}

/** EIP-4788's, the one for stakes, and, unless the genesis is without, the one that tells of the training. */
export function systemContracts({ staking, training_view }: Pick<Genesis, 'staking' | 'training_view'>): readonly SystemContract[] {
  const least = unpadBytes(word(BigInt(staking.minimum_deposit)));
  return [
    { address: BEACON_ROOTS_ADDRESS.bytes, code: BEACON_ROOTS_CODE, storage: [] },
    { address: STAKE_ADDRESS, code: fromHex(STAKE_CODE), storage: least.length === 0 ? [] : [[LEAST_DEPOSIT_SLOT, least]] },
    ...(training_view === false ? [] : [{ address: fromHex(TRAINING_CONTRACT), code: fromHex(TRAINING_CODE), storage: [] }]),
  ];
}

/** What the block of this number asked of the stake contract, from the state after it. */
export function stakeRequestsAt(state: Pick<WorldState, 'storageAt'>, number: number): readonly StakeRequest[] {
  return stakeRequests((slot) => state.storageAt(STAKE_ADDRESS, slot), number);
}

/** Sets slots as a block began by doing, on EthereumJS's state. */
export async function applySystemWrites(machine: VM, writes: readonly SystemWrite[]): Promise<void> {
  for (const { address, slot, value } of writes) {
    await machine.stateManager.putStorage(new EthereumAddress(address), slot, unpadBytes(value));
  }
  await machine.evm.journal.cleanup();
}
