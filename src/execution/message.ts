import type { Block } from '@ethereumjs/block';
import type { Common } from '@ethereumjs/common';
import { EVMError, getActivePrecompiles, type Log } from '@ethereumjs/evm';
import { Account, createAddressFromString, type Address as EthereumAddress, type PrefixedHexString } from '@ethereumjs/util';
import type { VM } from '@ethereumjs/vm';
import { toHex } from '../primitives/bytes.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { executionError } from './errors.ts';
import type { AccessListItem } from './transaction-view.ts';

/** A transaction without signature: what calls, estimates and simulations run. Amounts in wei. */
export interface Message {
  readonly from: EthereumAddress;
  readonly to: EthereumAddress | undefined;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly gas: bigint;
  /** What a unit of gas costs in the block. */
  readonly gasPrice: bigint;
  /** What it may cost at most: the sender must be able to pay it. */
  readonly maxFeePerGas: bigint;
  readonly accessList: readonly AccessListItem[];
  readonly blobVersionedHashes: readonly Hash[];
  /** What a unit of blob gas may cost at most. */
  readonly maxFeePerBlobGas: bigint;
  readonly authorizations: number;
}

export interface Outcome {
  readonly returnData: Uint8Array;
  readonly gasUsed: bigint;
  readonly gasRefund: bigint;
  /** Gas that was in use at the most: before refunds. */
  readonly maxUsedGas: bigint;
  /** go-ethereum's name of the exception that ended it; undefined when it succeeded. */
  readonly failure: string | undefined;
  readonly logs: readonly Log[];
}

/** EIP-4844 */
export const BLOB_GAS = 131_072n;
export const REVERTED = 'execution reverted';
export const OUT_OF_GAS = 'out of gas';

/** EthereumJS's exceptions under the names that wallets and libraries know. */
const FAILURES: Readonly<Record<string, string>> = {
  [EVMError.errorMessages.REVERT]: REVERTED,
  [EVMError.errorMessages.OUT_OF_GAS]: OUT_OF_GAS,
  [EVMError.errorMessages.CODESTORE_OUT_OF_GAS]: 'contract creation code storage out of gas',
  [EVMError.errorMessages.CODESIZE_EXCEEDS_MAXIMUM]: 'max code size exceeded',
  [EVMError.errorMessages.INITCODE_SIZE_VIOLATION]: 'max initcode size exceeded',
  [EVMError.errorMessages.INVALID_JUMP]: 'invalid jump destination',
  [EVMError.errorMessages.STATIC_STATE_CHANGE]: 'write protection',
  [EVMError.errorMessages.CREATE_COLLISION]: 'contract address collision',
  [EVMError.errorMessages.INSUFFICIENT_BALANCE]: 'insufficient balance for transfer',
  [EVMError.errorMessages.INVALID_BYTECODE_RESULT]: 'invalid code: must not begin with 0xef',
  [EVMError.errorMessages.OUT_OF_RANGE]: 'return data out of bounds',
  [EVMError.errorMessages.VALUE_OVERFLOW]: 'gas uint64 overflow',
};

export function failureName(error: EVMError | undefined): string | undefined {
  return error === undefined ? undefined : (FAILURES[error.error] ?? error.error);
}

/** Gas of a message before its first instruction, and the least it is charged (yellow paper, g_0; EIP-2930, 3860, 7623, 7702). */
export function intrinsicGas(
  rules: Common,
  {
    data,
    to,
    accessList,
    authorizations,
  }: Pick<Message, 'data' | 'accessList' | 'authorizations'> & { readonly to: EthereumAddress | Address | undefined },
): { readonly least: bigint; readonly floor: bigint } {
  let zeros = 0;
  for (const byte of data) if (byte === 0) zeros++;
  const others = data.length - zeros;
  let least = rules.param('txGas') + BigInt(zeros) * rules.param('txDataZeroGas') + BigInt(others) * rules.param('txDataNonZeroGas');
  if (to === undefined) {
    least += rules.param('txCreationGas');
    if (rules.isActivatedEIP(3860)) least += BigInt(Math.ceil(data.length / 32)) * rules.param('initCodeWordGas');
  }
  if (accessList.length > 0) {
    const slots = accessList.reduce((sum, { storageKeys }) => sum + storageKeys.length, 0);
    least += BigInt(accessList.length) * rules.param('accessListAddressGas') + BigInt(slots) * rules.param('accessListStorageKeyGas');
  }
  if (authorizations > 0 && rules.isActivatedEIP(7702)) least += BigInt(authorizations) * rules.param('perEmptyAccountCost');
  const floor = rules.isActivatedEIP(7623) ? rules.param('txGas') + BigInt(zeros + 4 * others) * rules.param('totalCostFloorPerToken') : 0n;
  return { least, floor };
}

/**
 * Runs a message as a block would run the transaction: nonce, fees, refunds and the destruction of contracts included. Nothing
 * about its sender is checked but its balance: neither key nor nonce, nor whether it is a contract.
 *
 * EthereumJS's `runTx` wants a signed transaction from an account without code, which calls are not.
 * @throws EXECUTION_INSUFFICIENT_FUNDS, EXECUTION_GAS_TOO_LOW, EXECUTION_CALL_FAILED
 */
export async function applyMessage(machine: VM, block: Block, message: Message): Promise<Outcome> {
  const { evm, stateManager, common: rules } = machine;
  const { journal } = evm;
  const { header } = block;
  const { from, to, gas, gasPrice, value, data } = message;
  const { least, floor } = intrinsicGas(rules, message);
  const required = least > floor ? least : floor;
  if (gas < required) throw executionError('EXECUTION_GAS_TOO_LOW', `intrinsic gas too low: have ${gas}, want ${required}`);
  const sender = (await stateManager.getAccount(from)) ?? new Account();
  const blobGas = BigInt(message.blobVersionedHashes.length) * BLOB_GAS;
  const blobPrice = blobGas === 0n ? 0n : header.getBlobGasPrice();
  const cost = gas * message.maxFeePerGas + blobGas * message.maxFeePerBlobGas + value;
  if (sender.balance < cost) throw insufficientFunds(from, sender.balance, cost);

  await journal.cleanup();
  await journal.checkpoint();
  sender.balance -= gas * gasPrice + blobGas * blobPrice;
  // Only a simulation without validation gets there.
  sender.nonce = BigInt.asUintN(64, sender.nonce + 1n);
  await journal.putAccount(from, sender);
  warm(machine, block, message);
  try {
    const { execResult } = await evm.runCall({
      block,
      caller: from,
      ...(to === undefined ? {} : { to }),
      value,
      data,
      gasPrice,
      gasLimit: gas - least,
      blobVersionedHashes: message.blobVersionedHashes.map((hash) => toHex(hash) as PrefixedHexString),
      skipNonceIncrement: true,
    });
    const used = least + execResult.executionGasUsed;
    const most = used / rules.param('maxRefundQuotient');
    const refundable = execResult.gasRefund ?? 0n;
    const gasRefund = refundable < most ? refundable : most;
    const gasUsed = used - gasRefund > floor ? used - gasRefund : floor;

    await credit(machine, from, (gas - gasUsed) * gasPrice);
    const tip = gasPrice - (header.baseFeePerGas ?? 0n);
    await credit(machine, header.coinbase, tip > 0n ? gasUsed * tip : 0n);
    await destroy(machine, execResult);
    await journal.commit();
    await journal.cleanup();
    stateManager.originalStorageCache.clear();
    return {
      returnData: execResult.returnValue,
      gasUsed,
      gasRefund,
      maxUsedGas: used > floor ? used : floor,
      failure: failureName(execResult.exceptionError),
      logs: execResult.logs ?? [],
    };
  } catch (error) {
    await journal.revert();
    if (isPolError(error)) throw error;
    throw executionError('EXECUTION_CALL_FAILED', messageOf(error), { cause: error });
  }
}

export function insufficientFunds(from: EthereumAddress, have: bigint, want: bigint) {
  return executionError(
    'EXECUTION_INSUFFICIENT_FUNDS',
    `insufficient funds for gas * price + value: address ${toHex(from.bytes)} have ${have} want ${want}`,
  );
}

/** Warm from the start, as in a transaction (EIP-2929, EIP-2930, EIP-3651). */
function warm({ evm, common: rules }: VM, { header }: Block, { from, to, accessList }: Message): void {
  if (!rules.isActivatedEIP(2929)) return;
  const { journal } = evm;
  // The chain's own ones, wherever overrides moved them.
  for (const precompile of getActivePrecompiles(rules).keys()) journal.addAlwaysWarmAddress(precompile);
  journal.addAlwaysWarmAddress(from.toString());
  if (to !== undefined) journal.addAlwaysWarmAddress(to.toString());
  if (rules.isActivatedEIP(3651)) journal.addAlwaysWarmAddress(header.coinbase.toString());
  for (const { address, storageKeys } of accessList) {
    journal.addAlwaysWarmAddress(toHex(address));
    for (const key of storageKeys) journal.addAlwaysWarmSlot(toHex(address), toHex(key));
  }
}

async function credit({ evm, stateManager }: VM, address: EthereumAddress, wei: bigint): Promise<void> {
  if (wei === 0n) return;
  const account = (await stateManager.getAccount(address)) ?? new Account();
  account.balance += wei;
  await evm.journal.putAccount(address, account);
}

/** Since Cancun only contracts of the same transaction are destroyed (EIP-6780). */
async function destroy(
  { evm, common: rules }: VM,
  { selfdestruct, createdAddresses }: Awaited<ReturnType<VM['evm']['runCall']>>['execResult'],
): Promise<void> {
  for (const [address] of selfdestruct ?? []) {
    if (rules.isActivatedEIP(6780) && createdAddresses?.has(address) !== true) continue;
    await evm.journal.deleteAccount(createAddressFromString(address));
  }
}
