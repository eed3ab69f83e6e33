import type { Block } from '@ethereumjs/block';
import { Address as EthereumAddress } from '@ethereumjs/util';
import { runTx, type VM } from '@ethereumjs/vm';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import type { KeyValueStore, Write } from '../store/kv.ts';
import { beaconRootSlots } from './beacon-roots.ts';
import { listRoot } from './block-roots.ts';
import type { ExecutionHead, PayloadAttributes } from './engine.ts';
import { MAX_SLICE_MS } from './limits.ts';
import { type ChainContext, createMachine, surroundings } from './machine.ts';
import { EMPTY_BLOOM, encodeReceipt, type ReceiptBody, receiptOf } from './receipts.ts';
import { EMPTY_ACCOUNT, hasCode } from './state/account.ts';
import { createWorldState } from './state/world-state.ts';
import { type DecodedTransaction, effectiveGasPrice, parseTransaction } from './transactions.ts';
import { applyTransfer, isPlainTransfer } from './transfer.ts';
import { createWatch, type Pace } from './watch.ts';

/**
 * Why a transaction is not in the block: it cannot apply any more ('dropped'), not in this block ('later'), or the EVM gave it up
 * ('poison'). What is refused left no trace.
 */
export type Refusal = { readonly kind: 'dropped' | 'later' | 'poison'; readonly reason: string };

export interface ExecutedBlock {
  readonly gasUsed: bigint;
  readonly logsBloom: Uint8Array;
  readonly receipts: readonly ReceiptBody[];
  readonly receiptsRoot: Hash;
  readonly stateRoot: Hash;
  /** What makes the state complete in the store. */
  readonly stateWrites: readonly Write[];
}

/** One block on its way: transactions one after the other, then the rewards, then the roots. */
export interface BlockExecution {
  /** Undefined when it is in. */
  run(transaction: DecodedTransaction): Promise<Refusal | undefined>;
  finish(): Promise<ExecutedBlock>;
}

/** What each EVM of a block runs with: no budget of time, but others of the thread have their turn. */
const NO_BUDGET_MS = Number.POSITIVE_INFINITY;

/**
 * Executes a block on its parent's state, for who builds it and who judges it alike. Plain transfers are applied directly; EthereumJS runs
 * the rest on the same state. It gives the thread back every MAX_SLICE_MS: consensus never waits for a block.
 */
export function createBlockExecution(
  context: ChainContext,
  parent: ExecutionHead,
  attributes: PayloadAttributes,
  dependencies: { readonly store: Pick<KeyValueStore, 'get'>; readonly pace: Pace },
): BlockExecution {
  const { store, pace } = dependencies;
  const { feeRecipient } = attributes;
  const baseFeePerGas = parent.nextBaseFeePerGas;
  const state = createWorldState(store, parent.stateRoot);
  for (const { address, slot, value } of beaconRootSlots(attributes)) state.setStorage(address, slot, value);

  const receipts: ReceiptBody[] = [];
  const logsBloom = new Uint8Array(EMPTY_BLOOM.length);
  let gasUsed = 0n;
  let executionGas = 0n;
  let logCount = 0;
  let evm: { readonly machine: VM; readonly around: Block } | undefined;
  let sliceEnd = pace.now() + MAX_SLICE_MS;

  async function rest(): Promise<void> {
    if (pace.now() < sliceEnd) return;
    await pace.turn();
    sliceEnd = pace.now() + MAX_SLICE_MS;
  }

  async function machineOf(): Promise<NonNullable<typeof evm>> {
    if (evm !== undefined) return evm;
    const watch = createWatch(pace, NO_BUDGET_MS);
    const machine = await createMachine(context, state, { opcodes: watch.opcodes });
    watch.attach(machine);
    const around = surroundings(context.rules, {
      parentHash: parent.hash,
      number: BigInt(parent.number + 1),
      timestamp: BigInt(attributes.timestamp),
      gasLimit: context.gasLimit,
      baseFeePerGas,
      coinbase: new EthereumAddress(feeRecipient),
      mixHash: attributes.prevRandao,
      parentBeaconBlockRoot: attributes.parentBeaconBlockRoot,
      excessBlobGas: 0n,
      blobGasUsed: 0n,
    });
    evm = { machine, around };
    return evm;
  }

  /** The rules that need the sender's account or the block. */
  function refusalOf(transaction: DecodedTransaction): Refusal | undefined {
    const { nonce, gasLimit, intrinsicGas, maxFeePerGas, value } = transaction;
    const account = state.account(transaction.from) ?? EMPTY_ACCOUNT;
    const dropped = (reason: string): Refusal => ({ kind: 'dropped', reason });
    const later = (reason: string): Refusal => ({ kind: 'later', reason });
    if (nonce < account.nonce) return dropped(`its nonce is ${nonce}, and its sender’s next one ${account.nonce}`);
    if (nonce > account.nonce) return later(`its nonce is ${nonce}, and its sender’s next one ${account.nonce}`);
    if (maxFeePerGas < baseFeePerGas) return later(`it offers ${maxFeePerGas} wei for a unit of gas, and the base fee is ${baseFeePerGas}`);
    if (gasLimit > context.gasLimit - gasUsed) return later('the block has not enough gas left for it');
    if (gasLimit - intrinsicGas > context.executionGasLimit - executionGas) return later('the block has not enough gas left for its code');
    // EIP-3607: an account with code signs nothing. EIP-1559: the whole limit must be covered.
    if (hasCode(account)) return dropped('its sender is a contract');
    const cost = gasLimit * maxFeePerGas + value;
    if (account.balance < cost) return dropped(`it may cost ${cost} wei, and its sender has ${account.balance}`);
    return undefined;
  }

  function transfer(transaction: DecodedTransaction): ReceiptBody {
    const gasPrice = effectiveGasPrice(transaction, baseFeePerGas);
    applyTransfer(state, transaction, { feeRecipient, gasPrice, baseFeePerGas });
    return {
      transactionHash: transaction.hash,
      type: transaction.type,
      from: transaction.from,
      to: transaction.to,
      contractAddress: undefined,
      succeeded: true,
      stateRoot: undefined,
      gasUsed: transaction.intrinsicGas,
      cumulativeGasUsed: gasUsed + transaction.intrinsicGas,
      effectiveGasPrice: gasPrice,
      logsBloom: EMPTY_BLOOM,
      logs: [],
    };
  }

  async function runInMachine(transaction: DecodedTransaction): Promise<ReceiptBody> {
    const tx = parseTransaction(transaction.raw, context.chainId);
    const { machine, around } = await machineOf();
    const result = await runTx(machine, { tx, block: around, blockGasUsed: gasUsed });
    return receiptOf(tx, result, { baseFeePerGas, firstLogIndex: logCount });
  }

  return {
    async run(transaction) {
      await rest();
      const refusal = refusalOf(transaction);
      if (refusal !== undefined) return refusal;
      let receipt: ReceiptBody;
      if (isPlainTransfer(state, transaction)) receipt = transfer(transaction);
      else {
        const mark = state.mark();
        try {
          receipt = await runInMachine(transaction);
        } catch (error) {
          // The store's trouble is not the transaction's.
          if (isPolError(error)) throw error;
          // One that EthereumJS throws on half-way leaves its checkpoints open: state and machine are as before it.
          state.rollBack(mark);
          evm = undefined;
          return { kind: 'poison', reason: messageOf(error) };
        }
      }
      gasUsed = receipt.cumulativeGasUsed;
      executionGas += transaction.gasLimit - transaction.intrinsicGas;
      logCount += receipt.logs.length;
      if (receipt.logs.length > 0)
        for (let i = 0; i < logsBloom.length; i++) logsBloom[i] = (logsBloom[i] ?? 0) | (receipt.logsBloom[i] ?? 0);
      receipts.push(receipt);
      return undefined;
    },

    async finish() {
      for (const { address, gwei } of attributes.withdrawals) state.addBalance(address, gwei * WEI_PER_GWEI);
      await rest();
      const receiptsRoot = listRoot(receipts.map(encodeReceipt));
      const sealing = state.sealing();
      for (;;) {
        await rest();
        const { done, value } = sealing.next();
        if (done !== true) continue;
        return { gasUsed, logsBloom, receipts, receiptsRoot, stateRoot: value.stateRoot, stateWrites: value.writes };
      }
    },
  };
}
