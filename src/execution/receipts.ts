import { RLP } from '@ethereumjs/rlp';
import type { TypedTransaction } from '@ethereumjs/tx';
import { Bloom, type RunTxResult } from '@ethereumjs/vm';
import { concatBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { chainRules } from './chain-rules.ts';
import type { StoredReceipt } from './engine.ts';
import { encodedBytes, encodedInteger, encodedList } from './state/rlp-parts.ts';
import { effectiveGasPrice, feesOf } from './transactions.ts';

/** A receipt without its place, which its key tells. */
export type ReceiptBody = Omit<StoredReceipt, 'blockNumber' | 'blockHash' | 'blockTimestamp' | 'index'>;

/** Of a receipt without logs. */
export const EMPTY_BLOOM = new Uint8Array(256);

/** The receipt of one executed transaction; `firstLogIndex` counts the logs of the block before it. */
export function receiptOf(
  transaction: TypedTransaction,
  result: RunTxResult,
  block: { readonly baseFeePerGas: bigint; readonly firstLogIndex: number },
): ReceiptBody {
  const { receipt } = result;
  return {
    transactionHash: transaction.hash(),
    type: transaction.type,
    from: transaction.getSenderAddress().bytes,
    to: transaction.to?.bytes,
    contractAddress: transaction.to === undefined ? result.createdAddress?.bytes : undefined,
    succeeded: 'status' in receipt ? receipt.status === 1 : result.execResult.exceptionError === undefined,
    stateRoot: 'stateRoot' in receipt ? receipt.stateRoot : undefined,
    gasUsed: result.totalGasSpent,
    cumulativeGasUsed: receipt.cumulativeBlockGasUsed,
    effectiveGasPrice: effectiveGasPrice(feesOf(transaction), block.baseFeePerGas),
    logsBloom: receipt.bitvector,
    logs: receipt.logs.map(([address, topics, data], index) => ({ address, topics, data, logIndex: block.firstLogIndex + index })),
  };
}

/** EIP-2718 bytes, as the receipt trie of a block holds them. */
export function encodeReceipt({ type, stateRoot, succeeded, cumulativeGasUsed, logsBloom, logs }: ReceiptBody): Uint8Array {
  const fields = encodedList([
    stateRoot === undefined ? encodedInteger(succeeded ? 1 : 0) : encodedBytes(stateRoot),
    encodedInteger(cumulativeGasUsed),
    encodedBytes(logsBloom),
    encodeLogs(logs),
  ]);
  return type === 0 ? fields : concatBytes(Uint8Array.of(type), fields);
}

/** For the store. The bloom filter is left out: it follows from the logs. */
export function encodeReceiptBody(body: ReceiptBody): Uint8Array {
  return encodedList([
    encodedBytes(body.transactionHash),
    encodedInteger(body.type),
    encodedBytes(body.from),
    encodedBytes(body.to ?? NO_BYTES),
    encodedBytes(body.contractAddress ?? NO_BYTES),
    body.stateRoot === undefined ? encodedInteger(body.succeeded ? 1 : 0) : encodedBytes(body.stateRoot),
    encodedInteger(body.gasUsed),
    encodedInteger(body.cumulativeGasUsed),
    encodedInteger(body.effectiveGasPrice),
    encodedInteger(body.logs[0]?.logIndex ?? 0),
    encodeLogs(body.logs),
  ]);
}

const NO_BYTES = new Uint8Array(0);

function encodeLogs(logs: ReceiptBody['logs']): Uint8Array {
  return encodedList(
    logs.map((log) => encodedList([encodedBytes(log.address), encodedList(log.topics.map(encodedBytes)), encodedBytes(log.data)])),
  );
}

type StoredLog = readonly [Address, readonly Hash[], Uint8Array];

/** @throws when the bytes are not a receipt of this file's */
export function decodeReceiptBody(bytes: Uint8Array): ReceiptBody {
  const items = RLP.decode(bytes) as unknown as readonly [...Uint8Array[], readonly StoredLog[]];
  if (items.length !== 11) throw new RangeError(`a receipt has 11 fields, not ${items.length}`);
  const field = (index: number): Uint8Array => items[index] as Uint8Array;
  const integer = (index: number): bigint => (field(index).length === 0 ? 0n : BigInt(`0x${Buffer.from(field(index)).toString('hex')}`));
  const optional = (index: number): Uint8Array | undefined => (field(index).length === 0 ? undefined : field(index));
  const firstLogIndex = Number(integer(9));
  const logs = (items[10] as readonly StoredLog[]).map(([address, topics, data], index) => ({
    address,
    topics,
    data,
    logIndex: firstLogIndex + index,
  }));
  return {
    transactionHash: field(0),
    type: Number(integer(1)),
    from: field(2),
    to: optional(3),
    contractAddress: optional(4),
    // As in Ethereum's own receipts: a state root before Byzantium (EIP-658). It does not tell success, and nobody asks.
    succeeded: integer(5) !== 0n,
    stateRoot: field(5).length === 32 ? field(5) : undefined,
    gasUsed: integer(6),
    cumulativeGasUsed: integer(7),
    effectiveGasPrice: integer(8),
    logsBloom: bloomOf(logs),
    logs,
  };
}

/** The 2048-bit filter over addresses and topics (yellow paper, section 4.3.1). */
function bloomOf(logs: StoredReceipt['logs']): Uint8Array {
  if (logs.length === 0) return EMPTY_BLOOM;
  // Any chain's rules will do: they only bring the hash function.
  const bloom = new Bloom(undefined, chainRules(1n));
  for (const log of logs) {
    bloom.add(log.address);
    for (const topic of log.topics) bloom.add(topic);
  }
  return bloom.bitvector;
}
