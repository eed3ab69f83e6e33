import type { Block, BlockHeader, HeaderData } from '@ethereumjs/block';
import { Address as EthereumAddress } from '@ethereumjs/util';
import type { VM } from '@ethereumjs/vm';
import { ADDRESS_BYTES } from '../primitives/keys.ts';
import type { KeyValueStore } from '../store/kv.ts';
import type { CallRequest, CallResult, Overrides } from './engine.ts';
import { executionError } from './errors.ts';
import { ESTIMATE_ERROR_RATIO, MAX_CALL_GAS, MAX_INIT_CODE_BYTES } from './limits.ts';
import { type ChainContext, createMachine, surroundings } from './machine.ts';
import { applyMessage, insufficientFunds, intrinsicGas, type Message, OUT_OF_GAS, type Outcome, REVERTED } from './message.ts';
import { applyStateOverrides, overriddenHeader } from './overrides.ts';
import { revertError } from './revert.ts';
import { createTrieDatabase, openState } from './trie-database.ts';
import type { Watch } from './watch.ts';

const TRANSFER_GAS = 21_000n;
/** Gas that a call with value hands on beside what it takes (yellow paper, G_callstipend). */
const CALL_STIPEND_GAS = 2300n;
const MAX_WORD = 2n ** 256n - 1n;

export interface CallEnvironment {
  readonly context: ChainContext;
  readonly store: KeyValueStore;
  /** The block whose state and surroundings the call sees. */
  readonly header: BlockHeader;
  readonly overrides: Overrides;
  readonly watch: Watch;
}

/** A call made ready: its EVM over a state of its own, its block, and its message. */
interface Prepared {
  readonly machine: VM;
  readonly block: Block;
  readonly message: Message;
}

/** Runs a message on a block's state, as go-ethereum's eth_call does: the base fee counts only when a gas price is given. */
export async function call(environment: CallEnvironment, request: CallRequest): Promise<CallResult> {
  const { machine, block, message } = await prepareCall(environment, request, cappedGas(request));
  return applyMessage(machine, block, message);
}

export function cappedGas(request: CallRequest): bigint {
  return request.gas === undefined || request.gas > MAX_CALL_GAS ? MAX_CALL_GAS : request.gas;
}

/**
 * The least gas limit with which a call succeeds, or one slightly above (ESTIMATE_ERROR_RATIO), found as go-ethereum finds it.
 * Gas used is no answer: a callee gets 63/64 of what is left (EIP-150), and refunds come after the end.
 *
 * @throws EXECUTION_REVERTED, EXECUTION_GAS_TOO_LOW, EXECUTION_CALL_FAILED, EXECUTION_INSUFFICIENT_FUNDS
 */
export async function estimateGas(environment: CallEnvironment, request: CallRequest): Promise<bigint> {
  const run = async (gas: bigint): Promise<Outcome> => {
    const { machine, block, message } = await prepareCall(environment, request, gas);
    return applyMessage(machine, block, message);
  };
  const { header, context } = environment;
  const blockGas = environment.overrides.block?.gasLimit ?? header.gasLimit;
  let most = request.gas !== undefined && request.gas >= TRANSFER_GAS ? request.gas : blockGas;
  if (most > MAX_CALL_GAS) most = MAX_CALL_GAS;
  const affordable = await affordableGas(environment, request);
  if (affordable < most) most = affordable;

  const isTransfer = request.to !== undefined && (request.data === undefined || request.data.length === 0);
  if (isTransfer && most >= TRANSFER_GAS && (request.accessList ?? []).length === 0 && (request.authorizations ?? 0) === 0) {
    const transfer = await run(TRANSFER_GAS);
    if (transfer.failure === undefined && transfer.gasUsed === TRANSFER_GAS) return TRANSFER_GAS;
  }

  const tooLow = executionError('EXECUTION_GAS_TOO_LOW', `gas required exceeds allowance (${most})`);
  const rules = context.rulesAt({ number: Number(header.number), timestamp: Number(header.timestamp) });
  const { least, floor } = intrinsicGas(rules, messageParts(request));
  const required = least > floor ? least : floor;
  if (most < required) throw tooLow;
  const first = await run(most);
  if (first.failure === REVERTED) throw revertError(first.returnData);
  if (first.failure === OUT_OF_GAS) throw tooLow;
  if (first.failure !== undefined) throw executionError('EXECUTION_CALL_FAILED', first.failure);

  const succeedsWith = async (gas: bigint) => gas >= required && (await run(gas)).failure === undefined;
  let fails = first.gasUsed - 1n;
  let succeeds = most;
  const likely = ((first.gasUsed + first.gasRefund + CALL_STIPEND_GAS) * 64n) / 63n;
  if (likely < succeeds) {
    if (await succeedsWith(likely)) succeeds = likely;
    else fails = likely;
  }
  while (fails + 1n < succeeds && Number(succeeds - fails) / Number(succeeds) >= ESTIMATE_ERROR_RATIO) {
    let middle = (fails + succeeds) / 2n;
    // Most calls need little more than the least that may do.
    if (middle > fails * 2n) middle = fails * 2n;
    if (await succeedsWith(middle)) succeeds = middle;
    else fails = middle;
  }
  return succeeds;
}

/**
 * Each run has its own state over the store: nothing it does is seen by another, or by a block.
 * @throws EXECUTION_CALL_INVALID, EXECUTION_OVERRIDE_INVALID, EXECUTION_FEE_TOO_LOW, EXECUTION_TIP_ABOVE_FEE
 */
export async function prepareCall(environment: CallEnvironment, request: CallRequest, gas: bigint): Promise<Prepared> {
  const { context, store, header, overrides, watch } = environment;
  checkRequest(request);
  const fields = overriddenHeader(headerFields(header), overrides.block ?? {});
  const { gasPrice, maxFeePerGas } = feesIn(request, BigInt(String(fields.baseFeePerGas ?? 0)));
  const isFree = maxFeePerGas === 0n;
  const rules = context.rulesAt({ number: Number(header.number), timestamp: Number(header.timestamp) });
  const blobBaseFee = overrides.block?.blobBaseFee ?? (isFree && (request.maxFeePerBlobGas ?? 0n) === 0n ? 0n : undefined);
  const asked = isFree && header.baseFeePerGas !== undefined ? { ...fields, baseFeePerGas: 0n } : fields;
  const block = surroundings(rules, asked, blobBaseFee);

  const state = openState(rules, createTrieDatabase(store).database, header.stateRoot);
  const machine = await createMachine(context, state, { rules, opcodes: watch.opcodes });
  watch.attach(machine);
  await applyStateOverrides(machine, overrides.state ?? []);
  return { machine, block, message: { ...messageParts(request), gas, gasPrice, maxFeePerGas } };
}

export function messageParts(request: CallRequest): Omit<Message, 'gas' | 'gasPrice' | 'maxFeePerGas'> {
  const { from = new Uint8Array(ADDRESS_BYTES), to, value = 0n, data = new Uint8Array(0) } = request;
  return {
    from: new EthereumAddress(from),
    to: to === undefined ? undefined : new EthereumAddress(to),
    value,
    data,
    accessList: request.accessList ?? [],
    blobVersionedHashes: request.blobVersionedHashes ?? [],
    maxFeePerBlobGas: request.maxFeePerBlobGas ?? 0n,
    authorizations: request.authorizations ?? 0,
  };
}

/** What a call pays for a unit of gas in a block, and at the most. */
export function feesIn(request: CallRequest, baseFeePerGas: bigint): { readonly gasPrice: bigint; readonly maxFeePerGas: bigint } {
  if (request.gasPrice !== undefined) return checkFee(request.gasPrice, request.gasPrice, baseFeePerGas);
  const { maxFeePerGas = 0n, maxPriorityFeePerGas: tip = 0n } = request;
  if (maxFeePerGas > 0n && maxFeePerGas < tip) {
    throw executionError(
      'EXECUTION_TIP_ABOVE_FEE',
      `max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: ${tip}, maxFeePerGas: ${maxFeePerGas}`,
    );
  }
  const offered = baseFeePerGas + tip;
  return checkFee(offered < maxFeePerGas ? offered : maxFeePerGas, maxFeePerGas, baseFeePerGas);
}

function checkFee(gasPrice: bigint, maxFeePerGas: bigint, baseFeePerGas: bigint) {
  if (maxFeePerGas > 0n && maxFeePerGas < baseFeePerGas) {
    throw executionError(
      'EXECUTION_FEE_TOO_LOW',
      `max fee per gas less than block base fee: maxFeePerGas: ${maxFeePerGas}, baseFee: ${baseFeePerGas}`,
    );
  }
  return { gasPrice, maxFeePerGas };
}

/** The fields of a header that an execution sees. */
export function headerFields(header: BlockHeader): HeaderData {
  const { parentHash, number, timestamp, gasLimit, coinbase, mixHash, difficulty, baseFeePerGas } = header;
  const { blobGasUsed, excessBlobGas, parentBeaconBlockRoot } = header;
  return {
    parentHash,
    number,
    timestamp,
    gasLimit,
    coinbase,
    mixHash,
    difficulty,
    ...(baseFeePerGas === undefined ? {} : { baseFeePerGas }),
    ...(excessBlobGas === undefined ? {} : { excessBlobGas, blobGasUsed: blobGasUsed ?? 0n }),
    ...(parentBeaconBlockRoot === undefined ? {} : { parentBeaconBlockRoot }),
  };
}

/** How much gas the caller can buy beside the value; more than any block holds when it names no price. */
async function affordableGas(environment: CallEnvironment, request: CallRequest): Promise<bigint> {
  checkRequest(request);
  const { value = 0n } = request;
  const price = request.gasPrice ?? request.maxFeePerGas ?? 0n;
  if (price === 0n) return MAX_CALL_GAS;
  const { machine, message } = await prepareCall(environment, request, MAX_CALL_GAS);
  const balance = (await machine.stateManager.getAccount(message.from))?.balance ?? 0n;
  if (balance < value) throw insufficientFunds(message.from, balance, value);
  return (balance - value) / price;
}

function checkRequest(request: CallRequest): void {
  const { from, to, value = 0n, data, gas = 1n, gasPrice = 0n, maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = request;
  for (const [name, address] of Object.entries({ from, to })) {
    if (address !== undefined && address.length !== ADDRESS_BYTES) {
      throw executionError('EXECUTION_CALL_INVALID', `${name} has ${address.length} bytes: an address has ${ADDRESS_BYTES}`);
    }
  }
  for (const [name, amount] of Object.entries({ value, gas, gasPrice, maxFeePerGas, maxPriorityFeePerGas })) {
    if (amount < 0n || amount > MAX_WORD) throw executionError('EXECUTION_CALL_INVALID', `${name} is not in 0 … 2^256 - 1`);
  }
  if (to === undefined && data !== undefined && data.length > MAX_INIT_CODE_BYTES) {
    throw executionError('EXECUTION_CALL_INVALID', `max initcode size exceeded: code size ${data.length} limit ${MAX_INIT_CODE_BYTES}`);
  }
}
