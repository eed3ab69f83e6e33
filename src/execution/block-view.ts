import { RLP } from '@ethereumjs/rlp';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { fastKeccak256 } from './crypto.ts';
import { executionError } from './errors.ts';
import { decodeTransactionView, type TransactionView } from './transaction-view.ts';

/** A header's fields under their JSON-RPC names; amounts in wei, times in Unix seconds. Undefined: its fork has no such field. */
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
  /** London (EIP-1559) */
  readonly baseFeePerGas: bigint | undefined;
  /** Shanghai (EIP-4895) */
  readonly withdrawalsRoot: Hash | undefined;
  /** Cancun (EIP-4844, EIP-4788) */
  readonly blobGasUsed: bigint | undefined;
  readonly excessBlobGas: bigint | undefined;
  readonly parentBeaconBlockRoot: Hash | undefined;
  /** Prague (EIP-7685) */
  readonly requestsHash: Hash | undefined;
  /** RLP. */
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
  readonly uncles: readonly Hash[];
  readonly withdrawals: readonly WithdrawalView[] | undefined;
  /** Bytes of the encoded block. */
  readonly size: number;
}

type Item = Uint8Array | readonly Item[];

const FIRST_LIST_BYTE = 0xc0;
const LAST_SHORT_LIST_BYTE = 0xf7;
/** Five hashes and an address, each behind a byte of its length. */
const FIELDS_BEFORE_BLOOM_BYTES = 5 * 33 + 21;
const BLOOM_BYTES = 256;
const BLOOM_PREFIX: readonly number[] = [0xb9, 0x01, 0x00];

/** Fields of a header from Frontier on, and with Prague's. */
const MIN_HEADER_FIELDS = 15;
const MAX_HEADER_FIELDS = 21;

/**
 * Reads an Ethereum block of any fork as plain values. It does not check that the block is valid: that was done before it
 * became final.
 * @throws EXECUTION_BLOCK_MALFORMED
 */
export function decodeBlock(bytes: Uint8Array): BlockView {
  return guarded(() => {
    const [header, transactions, uncles, withdrawals] = listOf(RLP.decode(bytes) as Item);
    return {
      header: viewHeader(listOf(header)),
      transactions: listOf(transactions).map((item) => decodeTransactionView(encodedTransaction(item))),
      uncles: listOf(uncles).map((uncle) => fastKeccak256(RLP.encode(uncle as never))),
      withdrawals: withdrawals === undefined ? undefined : listOf(withdrawals).map(viewWithdrawal),
      size: bytes.length,
    };
  });
}

/** A block's header alone: cheap for blocks of many transactions. @throws EXECUTION_BLOCK_MALFORMED */
export function decodeHeader(bytes: Uint8Array): HeaderView {
  return guarded(() => viewHeader(listOf(RLP.decode(bytes.subarray(prefixLength(bytes, 0)), true).data as Item)));
}

/** A block's bloom filter, without decoding anything: a search of logs looks at one a block. @throws EXECUTION_BLOCK_MALFORMED */
export function bloomOf(bytes: Uint8Array): Uint8Array {
  return guarded(() => {
    const block = prefixLength(bytes, 0);
    const at = block + prefixLength(bytes, block) + FIELDS_BEFORE_BLOOM_BYTES;
    if (BLOOM_PREFIX.some((byte, i) => bytes[at + i] !== byte)) throw new RangeError('the bloom filter is not in its place');
    return bytes.subarray(at + BLOOM_PREFIX.length, at + BLOOM_PREFIX.length + BLOOM_BYTES);
  });
}

/** Bytes of the head of an RLP list at a place. */
function prefixLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < FIRST_LIST_BYTE) throw new RangeError('a list is missing');
  return first <= LAST_SHORT_LIST_BYTE ? 1 : 1 + first - LAST_SHORT_LIST_BYTE;
}

/** EIP-2718 bytes of a block's transactions. @throws EXECUTION_BLOCK_MALFORMED */
export function rawTransactions(bytes: Uint8Array): readonly Uint8Array[] {
  return guarded(() => listOf(listOf(RLP.decode(bytes) as Item)[1]).map(encodedTransaction));
}

/** In a block a legacy transaction is a list, others are strings. */
function encodedTransaction(item: Item): Uint8Array {
  return item instanceof Uint8Array ? item : RLP.encode(item as never);
}

function viewHeader(items: readonly Item[]): HeaderView {
  if (items.length < MIN_HEADER_FIELDS || items.length > MAX_HEADER_FIELDS) throw new RangeError(`a header of ${items.length} fields`);
  const raw = RLP.encode(items as never);
  const bytes = (index: number): Uint8Array => bytesOf(items[index]);
  const optional = <T>(index: number, read: (item: Item | undefined) => T): T | undefined =>
    index < items.length ? read(items[index]) : undefined;
  return {
    parentHash: bytes(0),
    sha3Uncles: bytes(1),
    miner: bytes(2),
    stateRoot: bytes(3),
    transactionsRoot: bytes(4),
    receiptsRoot: bytes(5),
    logsBloom: bytes(6),
    difficulty: integerOf(items[7]),
    number: Number(integerOf(items[8])),
    gasLimit: integerOf(items[9]),
    gasUsed: integerOf(items[10]),
    timestamp: Number(integerOf(items[11])),
    extraData: bytes(12),
    mixHash: bytes(13),
    nonce: bytes(14),
    baseFeePerGas: optional(15, integerOf),
    withdrawalsRoot: optional(16, bytesOf),
    blobGasUsed: optional(17, integerOf),
    excessBlobGas: optional(18, integerOf),
    parentBeaconBlockRoot: optional(19, bytesOf),
    requestsHash: optional(20, bytesOf),
    hash: fastKeccak256(raw),
    raw,
  };
}

function viewWithdrawal(item: Item): WithdrawalView {
  const [index, validatorIndex, address, amount] = listOf(item);
  return { index: integerOf(index), validatorIndex: integerOf(validatorIndex), address: bytesOf(address), amount: integerOf(amount) };
}

function listOf(item: Item | undefined): readonly Item[] {
  if (item === undefined || item instanceof Uint8Array) throw new RangeError('a list is missing');
  return item;
}

function bytesOf(item: Item | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new RangeError('a field is missing');
  return item;
}

function integerOf(item: Item | undefined): bigint {
  const bytes = bytesOf(item);
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function guarded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (isPolError(cause)) throw cause;
    throw executionError('EXECUTION_BLOCK_MALFORMED', `the block does not decode: ${messageOf(cause)}`, { cause });
  }
}
