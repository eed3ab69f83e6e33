import type { HeaderData } from '@ethereumjs/block';
import { Account, Address as EthereumAddress } from '@ethereumjs/util';
import type { VM } from '@ethereumjs/vm';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { executionError } from './errors.ts';

/** What a question pretends of an account. */
export interface AccountOverride {
  readonly address: Address;
  readonly nonce?: bigint;
  /** wei */
  readonly balance?: bigint;
  readonly code?: Uint8Array;
  /** All of its storage: slots and values of 32 bytes. */
  readonly state?: readonly (readonly [Uint8Array, Uint8Array])[];
  /** Some of its storage. */
  readonly stateDiff?: readonly (readonly [Uint8Array, Uint8Array])[];
  readonly movePrecompileTo?: Address;
}

/** What a question pretends of the block it runs in. */
export interface BlockOverrides {
  readonly number?: bigint;
  /** Unix seconds. */
  readonly time?: bigint;
  readonly gasLimit?: bigint;
  readonly feeRecipient?: Address;
  readonly prevRandao?: Hash;
  /** wei */
  readonly baseFeePerGas?: bigint;
  readonly blobBaseFee?: bigint;
}

const invalid = (sentence: string) => executionError('EXECUTION_OVERRIDE_INVALID', sentence);

/**
 * Changes a machine's state, and its precompiled contracts, as the overrides say. Whoever overrides a precompiled contract in
 * any way replaces it.
 * @throws EXECUTION_OVERRIDE_INVALID
 */
export async function applyStateOverrides(machine: VM, overrides: readonly AccountOverride[]): Promise<void> {
  const { stateManager } = machine;
  const { precompiles } = machine.evm;
  const nameOf = (address: Address) => toHex(address).slice(2);
  const overridden = new Set(overrides.map(({ address }) => nameOf(address)));
  const taken = new Set<string>();
  for (const override of overrides) {
    const name = nameOf(override.address);
    const { state, stateDiff, movePrecompileTo } = override;
    if (taken.has(name)) throw invalid(`account 0x${name} has already been overridden by a precompile`);
    const precompile = precompiles.get(name);
    if (movePrecompileTo !== undefined) {
      const target = nameOf(movePrecompileTo);
      if (precompile === undefined) throw invalid(`account 0x${name} is not a precompile`);
      if (overridden.has(target)) throw invalid(`account 0x${target} is already overridden`);
      precompiles.set(target, precompile);
      taken.add(target);
    }
    if (precompile !== undefined) precompiles.delete(name);
    if (state !== undefined && stateDiff !== undefined) throw invalid(`account 0x${name} has both 'state' and 'stateDiff'`);

    const address = new EthereumAddress(override.address);
    const known = await stateManager.getAccount(address);
    // A precompiled contract that only moves leaves no empty account behind.
    const { nonce, balance, code } = override;
    if ([nonce, balance, code, state, stateDiff].every((part) => part === undefined)) continue;
    const account = known ?? new Account();
    if (nonce !== undefined) account.nonce = nonce;
    if (balance !== undefined) account.balance = balance;
    await stateManager.putAccount(address, account);
    if (code !== undefined) await stateManager.putCode(address, code);
    if (state !== undefined) await stateManager.clearStorage(address);
    for (const [slot, value] of state ?? stateDiff ?? []) await stateManager.putStorage(address, slot, withoutZeros(value));
  }
  stateManager.originalStorageCache.clear();
}

/** The header's fields with the overrides in place. */
export function overriddenHeader(header: HeaderData, overrides: BlockOverrides): HeaderData {
  const { number, time, gasLimit, feeRecipient, prevRandao, baseFeePerGas } = overrides;
  return {
    ...header,
    ...(number === undefined ? {} : { number }),
    ...(time === undefined ? {} : { timestamp: time }),
    ...(gasLimit === undefined ? {} : { gasLimit }),
    ...(feeRecipient === undefined ? {} : { coinbase: new EthereumAddress(feeRecipient) }),
    ...(prevRandao === undefined ? {} : { mixHash: prevRandao }),
    ...(baseFeePerGas === undefined ? {} : { baseFeePerGas }),
  };
}

/** Storage values are kept as integers are. */
function withoutZeros(value: Uint8Array): Uint8Array {
  let first = 0;
  while (first < value.length && value[first] === 0) first++;
  return value.subarray(first);
}
