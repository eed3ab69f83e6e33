import type { BlockHeader } from '@ethereumjs/block';
import { EVMError } from '@ethereumjs/evm';
import { Account, Address as EthereumAddress } from '@ethereumjs/util';
import { toHex } from '../primitives/bytes.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import { ADDRESS_BYTES } from '../primitives/keys.ts';
import type { KeyValueStore } from '../store/kv.ts';
import type { CallRequest, CallResult } from './engine.ts';
import { executionError } from './errors.ts';
import { MAX_CALL_GAS, MAX_INIT_CODE_BYTES } from './limits.ts';
import { type ChainContext, createMachine, surroundings } from './machine.ts';
import { revertError } from './revert.ts';
import { createTrieDatabase, openState } from './trie-database.ts';

/** What the EVM calls a `REVERT`; CallResult.failure holds it. */
const REVERT: string = EVMError.errorMessages.REVERT;
const OUT_OF_GAS: string = EVMError.errorMessages.OUT_OF_GAS;
const TRANSFER_GAS = 21_000n;
/** Gas that a call with value hands on beside what it takes (yellow paper, G_callstipend). */
const CALL_STIPEND_GAS = 2300n;
const MAX_WORD = 2n ** 256n - 1n;

export interface CallEnvironment {
  readonly context: ChainContext;
  readonly store: KeyValueStore;
  /** The block whose state and surroundings the call sees. */
  readonly header: BlockHeader;
}

interface Outcome extends CallResult {
  readonly gasRefund: bigint;
}

/** Runs a message on a block's state, as go-ethereum's eth_call does: the base fee counts only when a gas price is given. */
export function call(environment: CallEnvironment, request: CallRequest): Promise<CallResult> {
  return simulate(environment, request, request.gas === undefined || request.gas > MAX_CALL_GAS ? MAX_CALL_GAS : request.gas);
}

/**
 * Least gas limit with which a call succeeds. Gas used is no answer: a callee gets 63/64 of what is left (EIP-150), and
 * refunds come after the end.
 *
 * @throws EXECUTION_REVERTED, EXECUTION_GAS_TOO_LOW, EXECUTION_CALL_FAILED, EXECUTION_INSUFFICIENT_FUNDS
 */
export async function estimateGas(environment: CallEnvironment, request: CallRequest): Promise<bigint> {
  let most = request.gas !== undefined && request.gas < MAX_CALL_GAS ? request.gas : MAX_CALL_GAS;
  if (most > environment.header.gasLimit) most = environment.header.gasLimit;
  const affordable = await affordableGas(environment, request);
  if (affordable < most) most = affordable;

  const isTransfer = request.to !== undefined && (request.data === undefined || request.data.length === 0);
  if (isTransfer && most >= TRANSFER_GAS) {
    const transfer = await simulate(environment, request, TRANSFER_GAS);
    if (transfer.failure === undefined && transfer.gasUsed === TRANSFER_GAS) return TRANSFER_GAS;
  }

  const tooLow = executionError('EXECUTION_GAS_TOO_LOW', `gas required exceeds allowance (${most})`);
  if (most < intrinsicGas(environment.context, request)) throw tooLow;
  const first = await simulate(environment, request, most);
  if (first.failure === REVERT) throw revertError(first.returnData);
  if (first.failure === OUT_OF_GAS) throw tooLow;
  if (first.failure !== undefined) throw executionError('EXECUTION_CALL_FAILED', first.failure);

  const succeedsWith = async (gas: bigint) => (await simulate(environment, request, gas)).failure === undefined;
  let fails = first.gasUsed - 1n;
  let succeeds = most;
  const likely = ((first.gasUsed + first.gasRefund + CALL_STIPEND_GAS) * 64n) / 63n;
  if (likely < succeeds) {
    if (await succeedsWith(likely)) succeeds = likely;
    else fails = likely;
  }
  while (fails + 1n < succeeds) {
    const middle = (fails + succeeds) / 2n;
    if (await succeedsWith(middle)) succeeds = middle;
    else fails = middle;
  }
  return succeeds;
}

/** Each run has its own state over the store: nothing it does is seen by another, or by a block. */
async function simulate(environment: CallEnvironment, request: CallRequest, gas: bigint): Promise<Outcome> {
  const { context, store, header } = environment;
  checkRequest(request);
  const { value = 0n, data = new Uint8Array(0), gasPrice = 0n } = request;
  const least = intrinsicGas(context, request);
  if (gas < least) throw executionError('EXECUTION_GAS_TOO_LOW', `intrinsic gas too low: gas ${gas}, minimum needed ${least}`);

  const machine = await createMachine(context, openState(context.rules, createTrieDatabase(store).database, header.stateRoot));
  const { evm, stateManager } = machine;
  const caller = callerOf(request);
  const account = (await stateManager.getAccount(caller)) ?? new Account();
  const cost = gas * gasPrice + value;
  if (account.balance < cost) throw insufficientFunds(caller, account.balance, cost);
  account.balance -= gas * gasPrice;
  await stateManager.putAccount(caller, account);

  // Warm from the start, as in a transaction (EIP-2929, EIP-3651).
  for (const precompile of evm.precompiles.keys()) evm.journal.addAlwaysWarmAddress(precompile);
  for (const address of [caller, header.coinbase, ...(request.to === undefined ? [] : [new EthereumAddress(request.to)])]) {
    evm.journal.addAlwaysWarmAddress(address.toString());
  }
  try {
    const { execResult } = await evm.runCall({
      block: surroundings(context, {
        number: header.number,
        timestamp: header.timestamp,
        gasLimit: header.gasLimit,
        coinbase: header.coinbase,
        mixHash: header.mixHash,
        parentHash: header.parentHash,
        baseFeePerGas: request.gasPrice === undefined ? 0n : (header.baseFeePerGas ?? 0n),
      }),
      caller,
      ...(request.to === undefined ? {} : { to: new EthereumAddress(request.to) }),
      value,
      data,
      gasPrice,
      gasLimit: gas - least,
    });
    const used = least + execResult.executionGasUsed;
    const most = used / context.rules.param('maxRefundQuotient');
    const refundable = execResult.gasRefund ?? 0n;
    const gasRefund = refundable < most ? refundable : most;
    return { returnData: execResult.returnValue, gasUsed: used - gasRefund, gasRefund, failure: execResult.exceptionError?.error };
  } catch (error) {
    if (isPolError(error)) throw error;
    throw executionError('EXECUTION_CALL_FAILED', messageOf(error), { cause: error });
  }
}

/** How much gas the caller can buy beside the value; more than any block holds when it names no price. */
async function affordableGas({ context, store, header }: CallEnvironment, request: CallRequest): Promise<bigint> {
  checkRequest(request);
  const { value = 0n, gasPrice = 0n } = request;
  if (gasPrice === 0n) return MAX_CALL_GAS;
  const state = openState(context.rules, createTrieDatabase(store).database, header.stateRoot);
  const caller = callerOf(request);
  const balance = (await state.getAccount(caller))?.balance ?? 0n;
  if (balance < value) throw insufficientFunds(caller, balance, value);
  return (balance - value) / gasPrice;
}

function callerOf(request: CallRequest): EthereumAddress {
  return new EthereumAddress(request.from ?? new Uint8Array(ADDRESS_BYTES));
}

function insufficientFunds(caller: EthereumAddress, have: bigint, want: bigint) {
  return executionError(
    'EXECUTION_INSUFFICIENT_FUNDS',
    `insufficient funds for gas * price + value: address ${toHex(caller.bytes)} have ${have} want ${want}`,
  );
}

/** Gas of a message before its first instruction (yellow paper, g_0; EIP-2028, EIP-3860). */
function intrinsicGas({ rules }: ChainContext, { data = new Uint8Array(0), to }: CallRequest): bigint {
  let zeros = 0;
  for (const byte of data) if (byte === 0) zeros++;
  const bytes = BigInt(zeros) * rules.param('txDataZeroGas') + BigInt(data.length - zeros) * rules.param('txDataNonZeroGas');
  const creation =
    to === undefined ? rules.param('txCreationGas') + BigInt(Math.ceil(data.length / 32)) * rules.param('initCodeWordGas') : 0n;
  return rules.param('txGas') + bytes + creation;
}

function checkRequest({ from, to, value = 0n, data, gas = 1n, gasPrice = 0n }: CallRequest): void {
  for (const [name, address] of Object.entries({ from, to })) {
    if (address !== undefined && address.length !== ADDRESS_BYTES) {
      throw executionError('EXECUTION_CALL_INVALID', `${name} has ${address.length} bytes: an address has ${ADDRESS_BYTES}`);
    }
  }
  for (const [name, amount] of Object.entries({ value, gas, gasPrice })) {
    if (amount < 0n || amount > MAX_WORD) throw executionError('EXECUTION_CALL_INVALID', `${name} is not in 0 … 2^256 - 1`);
  }
  if (to === undefined && data !== undefined && data.length > MAX_INIT_CODE_BYTES) {
    throw executionError('EXECUTION_CALL_INVALID', `max initcode size exceeded: code size ${data.length} limit ${MAX_INIT_CODE_BYTES}`);
  }
}
