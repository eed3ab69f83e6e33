import { type Block, type BlockBytes, createBlockFromBytesArray } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { KECCAK256_RLP_ARRAY } from '@ethereumjs/util';
import { runBlock } from '@ethereumjs/vm';
import { equalBytes } from '../primitives/bytes.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { type Candidate, candidateOf } from './candidate.ts';
import type { ExecutionHead, PayloadAttributes } from './engine.ts';
import { executionError } from './errors.ts';
import { type ChainContext, createMachine } from './machine.ts';
import { type ReceiptBody, receiptOf } from './receipts.ts';
import { parseTransaction } from './transactions.ts';
import { createTrieDatabase, openState } from './trie-database.ts';

/** Fields of a Cancun header, and lists of a block (header, transactions, ommers, withdrawals). */
const HEADER_FIELDS = 20;
const BLOCK_PARTS = 4;

function invalid(rule: string, cause?: unknown) {
  return executionError('EXECUTION_INVALID_PAYLOAD', `invalid execution block: ${rule}`, cause === undefined ? {} : { cause });
}

/**
 * Decodes a block, and checks every rule that needs no execution.
 * @throws EXECUTION_INVALID_PAYLOAD
 */
export function checkBlock(context: ChainContext, parent: ExecutionHead, attributes: PayloadAttributes, bytes: Uint8Array): Block {
  // 1. It is RLP of a Cancun block.
  const parts = decodeParts(bytes);
  // 2. Every transaction is one that a pool would take: type 0, 1 or 2, signed for this chain, in canonical form.
  for (const [index, item] of parts[1].entries()) {
    try {
      parseTransaction(item instanceof Uint8Array ? item : RLP.encode(item), context.chainId);
    } catch (error) {
      throw isPolError(error) ? invalid(`transaction ${index}: ${error.message}`, error) : error;
    }
  }
  let block: Block;
  try {
    block = createBlockFromBytesArray(parts, { common: context.rules });
  } catch (cause) {
    throw invalid(messageOf(cause), cause);
  }
  // 3. These bytes are its one encoding.
  if (!equalBytes(block.serialize(), bytes)) throw invalid('it is not in canonical RLP');
  const { header } = block;
  const rules: readonly (readonly [boolean, string])[] = [
    // 4. It follows the head.
    [header.number === BigInt(parent.number + 1), `number is ${header.number}, not ${parent.number + 1}`],
    [equalBytes(header.parentHash, parent.hash), 'parentHash is not the head’s hash'],
    [header.timestamp > BigInt(parent.timestamp), 'timestamp is not after its parent’s'],
    // 5. Gas limit and base fee are the chain's (EIP-1559).
    [header.gasLimit === context.gasLimit, `gasLimit is ${header.gasLimit}, not ${context.gasLimit}`],
    [header.baseFeePerGas === parent.nextBaseFeePerGas, `baseFeePerGas is ${header.baseFeePerGas}, not ${parent.nextBaseFeePerGas}`],
    // 6. It is what consensus asked for.
    [header.timestamp === BigInt(attributes.timestamp), `timestamp is ${header.timestamp}, not ${attributes.timestamp}`],
    [equalBytes(header.mixHash, attributes.prevRandao), 'prevRandao is not the beacon'],
    [equalBytes(header.coinbase.bytes, attributes.feeRecipient), 'feeRecipient is not the proposer’s'],
    [
      header.parentBeaconBlockRoot !== undefined && equalBytes(header.parentBeaconBlockRoot, attributes.parentBeaconBlockRoot),
      'parentBeaconBlockRoot is not the parent consensus header’s hash',
    ],
    [hasWithdrawals(block, attributes), 'withdrawals are not the protocol’s rewards'],
    // 7. Fields that proof of work used are empty (EIP-3675); there are no blobs (EIP-4844).
    [header.difficulty === 0n, 'difficulty is not 0'],
    [header.nonce.every((byte) => byte === 0), 'nonce is not 0'],
    [header.extraData.length === 0, 'extraData is not empty'],
    [block.uncleHeaders.length === 0 && equalBytes(header.uncleHash, KECCAK256_RLP_ARRAY), 'it has ommers'],
    [header.blobGasUsed === 0n, 'blobGasUsed is not 0'],
    [header.excessBlobGas === 0n, 'excessBlobGas is not 0'],
  ];
  for (const [holds, sentence] of rules) if (!holds) throw invalid(sentence);
  return block;
}

/**
 * Executes a checked block on its parent's state, and compares gas, bloom filter and all roots.
 * @throws EXECUTION_INVALID_PAYLOAD
 */
export async function executeBlock(
  context: ChainContext,
  parent: ExecutionHead,
  block: Block,
  bytes: Uint8Array,
  dependencies: { readonly store: KeyValueStore },
): Promise<Candidate> {
  const { database, written } = createTrieDatabase(dependencies.store);
  const machine = await createMachine(context, openState(context.rules, database, parent.stateRoot));
  try {
    const { results } = await runBlock(machine, { block, skipHeaderValidation: true });
    const baseFeePerGas = block.header.baseFeePerGas ?? 0n;
    const receipts: ReceiptBody[] = [];
    let firstLogIndex = 0;
    for (const [index, transaction] of block.transactions.entries()) {
      const result = results[index];
      if (result === undefined) throw new RangeError('a transaction has no result');
      receipts.push(receiptOf(transaction, result, { baseFeePerGas, firstLogIndex }));
      firstLogIndex += result.receipt.logs.length;
    }
    return candidateOf(block, bytes, receipts, written);
  } catch (error) {
    // The store's trouble is not the block's.
    if (isPolError(error)) throw error;
    throw invalid(messageOf(error), error);
  }
}

function decodeParts(bytes: Uint8Array): BlockBytes & readonly [unknown, readonly (Uint8Array | Uint8Array[])[], ...unknown[]] {
  let value: unknown;
  try {
    value = RLP.decode(bytes);
  } catch (cause) {
    throw invalid(`it is not RLP: ${messageOf(cause)}`, cause);
  }
  if (!Array.isArray(value) || value.length !== BLOCK_PARTS || !value.every((part) => Array.isArray(part))) {
    throw invalid('it is not a list of header, transactions, ommers and withdrawals');
  }
  const [header, , , withdrawals] = value as unknown as readonly [unknown[], unknown[], unknown[], unknown[]];
  if (header.length !== HEADER_FIELDS) throw invalid(`its header has ${header.length} fields, not ${HEADER_FIELDS}`);
  if (!withdrawals.every((item) => Array.isArray(item) && item.length === 4)) throw invalid('a withdrawal has not 4 fields');
  return value as unknown as ReturnType<typeof decodeParts>;
}

function hasWithdrawals(block: Block, attributes: PayloadAttributes): boolean {
  const stated = block.withdrawals ?? [];
  return (
    stated.length === attributes.withdrawals.length &&
    attributes.withdrawals.every((expected, i) => {
      const withdrawal = stated[i];
      return (
        withdrawal !== undefined &&
        withdrawal.index === expected.index &&
        withdrawal.validatorIndex === 0n &&
        withdrawal.amount === expected.gwei &&
        equalBytes(withdrawal.address.bytes, expected.address)
      );
    })
  );
}
