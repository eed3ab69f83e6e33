import { type BlockBytes, createBlockFromBytesArray, createBlockHeaderFromBytesArray } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import type { TypedTransaction } from '@ethereumjs/tx';
import { createTxFromRLP } from '@ethereumjs/tx';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { chainRules } from './chain-rules.ts';
import { executionError } from './errors.ts';
import { readShape } from './transaction-shape.ts';
import { feesOf } from './transactions.ts';

/** A header's fields under their JSON-RPC names; amounts in wei, times in Unix seconds. */
export interface HeaderView {
  readonly number: number;
  readonly hash: Hash;
  readonly parentHash: Hash;
  readonly sha3Uncles: Hash;
  readonly miner: Address;
  readonly stateRoot: Hash;
  readonly transactionsRoot: Hash;
  readonly receiptsRoot: Hash;
  /** 256 bytes */
  readonly logsBloom: Uint8Array;
  readonly difficulty: bigint;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  readonly timestamp: number;
  readonly extraData: Uint8Array;
  /** PREVRANDAO (EIP-4399) */
  readonly mixHash: Hash;
  /** 8 bytes, zero */
  readonly nonce: Uint8Array;
  readonly baseFeePerGas: bigint;
  readonly withdrawalsRoot: Hash;
  readonly blobGasUsed: bigint;
  readonly excessBlobGas: bigint;
  readonly parentBeaconBlockRoot: Hash;
  /** Prague's (EIP-7685); undefined under Cancun. */
  readonly requestsHash: Hash | undefined;
}

/** A transaction's fields under their JSON-RPC names. */
export interface TransactionView {
  readonly hash: Hash;
  readonly type: number;
  readonly chainId: bigint;
  readonly from: Address;
  readonly to: Address | undefined;
  readonly nonce: bigint;
  /** Gas limit. */
  readonly gas: bigint;
  /** wei; what types 0 and 1 offer. For type 2 undefined: what it pays depends on the block (effectiveGasPriceOf). */
  readonly gasPrice: bigint | undefined;
  /** wei; type 2 only */
  readonly maxFeePerGas: bigint | undefined;
  readonly maxPriorityFeePerGas: bigint | undefined;
  readonly value: bigint;
  readonly input: Uint8Array;
  /** Undefined for legacy transactions. */
  readonly accessList: readonly { readonly address: Address; readonly storageKeys: readonly Uint8Array[] }[] | undefined;
  /** As signed: EIP-155's for legacy transactions, the parity of others. */
  readonly v: bigint;
  readonly yParity: 0 | 1;
  readonly r: bigint;
  readonly s: bigint;
  /** EIP-2718 bytes. */
  readonly raw: Uint8Array;
}

export interface WithdrawalView {
  readonly index: bigint;
  readonly validatorIndex: bigint;
  readonly address: Address;
  /** gwei */
  readonly amount: bigint;
}

export interface BlockView {
  readonly header: HeaderView;
  readonly transactions: readonly TransactionView[];
  readonly withdrawals: readonly WithdrawalView[];
  /** Bytes of the encoded block. */
  readonly size: number;
}

/**
 * Reads an Ethereum block as plain values. It does not check that the block is valid: that was done before it became final.
 * @throws EXECUTION_BLOCK_MALFORMED
 */
export function decodeBlock(bytes: Uint8Array): BlockView {
  return guarded('block', () => {
    const [headerItems, transactionItems, , withdrawalItems] = RLP.decode(bytes) as BlockBytes;
    if (headerItems === undefined || transactionItems === undefined || withdrawalItems === undefined)
      throw new RangeError('a part is missing');
    // Ommers and transactions apart: a header and withdrawals need no chain id.
    const { header, withdrawals } = createBlockFromBytesArray([headerItems, [], [], withdrawalItems] as unknown as BlockBytes, {
      common: chainRules(ANY_CHAIN_ID),
    });
    return {
      header: viewHeader(header),
      transactions: transactionItems.map((item) => decodeTransactionView(item instanceof Uint8Array ? item : RLP.encode(item))),
      withdrawals: (withdrawals ?? []).map(({ index, validatorIndex, address, amount }) => ({
        index,
        validatorIndex,
        address: address.bytes,
        amount,
      })),
      size: bytes.length,
    };
  });
}

/** A block's header alone: cheap for blocks of many transactions. @throws EXECUTION_BLOCK_MALFORMED */
export function decodeHeader(bytes: Uint8Array): HeaderView {
  return guarded('block', () => {
    const [items] = RLP.decode(bytes) as BlockBytes;
    return viewHeader(createBlockHeaderFromBytesArray(items, { common: chainRules(ANY_CHAIN_ID) }));
  });
}

/** A signed transaction of any chain. @throws EXECUTION_TX_* */
export function decodeTransactionView(raw: Uint8Array): TransactionView {
  const chainId = readShape(raw).chainId ?? ANY_CHAIN_ID;
  return guarded('transaction', () => viewTransaction(createTxFromRLP(raw, { common: chainRules(chainId) }), chainId, raw));
}

/** wei for a unit of gas that a transaction pays in a block with this base fee (EIP-1559). */
export function effectiveGasPriceOf(transaction: TransactionView, baseFeePerGas: bigint): bigint {
  if (transaction.maxFeePerGas === undefined || transaction.maxPriorityFeePerGas === undefined) return transaction.gasPrice ?? 0n;
  const offered = baseFeePerGas + transaction.maxPriorityFeePerGas;
  return offered < transaction.maxFeePerGas ? offered : transaction.maxFeePerGas;
}

const ANY_CHAIN_ID = 1n;

function viewHeader(header: ReturnType<typeof createBlockHeaderFromBytesArray>): HeaderView {
  const none = new Uint8Array(32);
  return {
    number: Number(header.number),
    hash: header.hash(),
    parentHash: header.parentHash,
    sha3Uncles: header.uncleHash,
    miner: header.coinbase.bytes,
    stateRoot: header.stateRoot,
    transactionsRoot: header.transactionsTrie,
    receiptsRoot: header.receiptTrie,
    logsBloom: header.logsBloom,
    difficulty: header.difficulty,
    gasLimit: header.gasLimit,
    gasUsed: header.gasUsed,
    timestamp: Number(header.timestamp),
    extraData: header.extraData,
    mixHash: header.mixHash,
    nonce: header.nonce,
    baseFeePerGas: header.baseFeePerGas ?? 0n,
    withdrawalsRoot: header.withdrawalsRoot ?? none,
    blobGasUsed: header.blobGasUsed ?? 0n,
    excessBlobGas: header.excessBlobGas ?? 0n,
    parentBeaconBlockRoot: header.parentBeaconBlockRoot ?? none,
    requestsHash: header.requestsHash,
  };
}

function viewTransaction(transaction: TypedTransaction, chainId: bigint, raw: Uint8Array): TransactionView {
  const { v = 0n, r = 0n, s = 0n } = transaction;
  const fees = feesOf(transaction);
  const isFeeMarket = 'maxFeePerGas' in transaction;
  return {
    hash: transaction.hash(),
    type: transaction.type,
    chainId,
    from: transaction.getSenderAddress().bytes,
    to: transaction.to?.bytes,
    nonce: transaction.nonce,
    gas: transaction.gasLimit,
    gasPrice: isFeeMarket ? undefined : fees.maxFeePerGas,
    maxFeePerGas: isFeeMarket ? fees.maxFeePerGas : undefined,
    maxPriorityFeePerGas: isFeeMarket ? fees.maxPriorityFeePerGas : undefined,
    value: transaction.value,
    input: transaction.data,
    accessList:
      'accessList' in transaction ? transaction.accessList.map(([address, storageKeys]) => ({ address, storageKeys })) : undefined,
    v,
    yParity: v === 1n || (v >= 27n && v % 2n === 0n) ? 1 : 0,
    r,
    s,
    raw,
  };
}

function guarded<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (isPolError(cause)) throw cause;
    throw executionError('EXECUTION_BLOCK_MALFORMED', `the ${what} does not decode: ${messageOf(cause)}`, { cause });
  }
}
