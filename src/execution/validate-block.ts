import { type BlockHeader, createBlockHeaderFromBytesArray } from '@ethereumjs/block';
import { KECCAK256_RLP_ARRAY } from '@ethereumjs/util';
import { decodeRlp, encodeRlp, type RlpItem } from '../codec/rlp.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { createBlockExecution } from './block-execution.ts';
import { encodeWithdrawals, listRoot } from './block-roots.ts';
import { type Candidate, candidateOf } from './candidate.ts';
import type { ExecutionHead, PayloadAttributes } from './engine.ts';
import { executionError } from './errors.ts';
import type { ChainContext } from './machine.ts';
import { encodedList } from './state/rlp-parts.ts';
import { type DecodedTransaction, decodeTransaction } from './transactions.ts';
import type { Pace } from './watch.ts';

/** Fields of a Cancun header, and lists of a block (header, transactions, ommers, withdrawals). */
const HEADER_FIELDS = 20;
const BLOCK_PARTS = 4;

/** A block that broke no rule which needs no execution. */
export interface CheckedBlock {
  readonly header: BlockHeader;
  readonly transactions: readonly DecodedTransaction[];
}

function invalid(rule: string, cause?: unknown) {
  return executionError('EXECUTION_INVALID_PAYLOAD', `invalid execution block: ${rule}`, cause === undefined ? {} : { cause });
}

/**
 * Decodes a block, and checks every rule that needs no execution.
 * @throws EXECUTION_INVALID_PAYLOAD
 */
export function checkBlock(context: ChainContext, parent: ExecutionHead, attributes: PayloadAttributes, bytes: Uint8Array): CheckedBlock {
  // 1. It is the one RLP of a Cancun block.
  const [headerItems, transactionItems, ommers, withdrawals] = decodeParts(bytes);
  // 2. Every transaction is one that a pool would take: type 0, 1 or 2, signed for this chain, in canonical form.
  const transactions = transactionItems.map((item, index) => {
    try {
      return decodeTransaction(item instanceof Uint8Array ? item : encodeRlp(item), context.chainId);
    } catch (error) {
      throw isPolError(error) ? invalid(`transaction ${index}: ${error.message}`, error) : error;
    }
  });
  // 3. Its header has that form too.
  let header: BlockHeader;
  try {
    header = createBlockHeaderFromBytesArray([...headerItems], { common: context.rules });
  } catch (cause) {
    throw invalid(messageOf(cause), cause);
  }
  if (!equalBytes(header.serialize(), encodeRlp(headerItems))) throw invalid('its header is not in canonical RLP');
  const expectedWithdrawals = encodeWithdrawals(attributes.withdrawals);
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
    [equalBytes(encodeRlp(withdrawals), encodedList(expectedWithdrawals)), 'withdrawals are not the protocol’s rewards'],
    // 7. Fields that proof of work used are empty (EIP-3675); there are no blobs (EIP-4844).
    [header.difficulty === 0n, 'difficulty is not 0'],
    [header.nonce.every((byte) => byte === 0), 'nonce is not 0'],
    [header.extraData.length === 0, 'extraData is not empty'],
    [ommers.length === 0 && equalBytes(header.uncleHash, KECCAK256_RLP_ARRAY), 'it has ommers'],
    [header.blobGasUsed === 0n, 'blobGasUsed is not 0'],
    [header.excessBlobGas === 0n, 'excessBlobGas is not 0'],
    // 8. Its lists are the ones that the header names.
    [equalBytes(header.transactionsTrie, listRoot(transactions.map(({ raw }) => raw))), 'transactionsRoot is not its transactions’'],
    [
      header.withdrawalsRoot !== undefined && equalBytes(header.withdrawalsRoot, listRoot(expectedWithdrawals)),
      'withdrawalsRoot is not its withdrawals’',
    ],
  ];
  for (const [holds, sentence] of rules) if (!holds) throw invalid(sentence);
  return { header, transactions };
}

/**
 * Executes a checked block on its parent's state, and compares gas, bloom filter and all roots.
 * @throws EXECUTION_INVALID_PAYLOAD
 */
export async function executeBlock(
  context: ChainContext,
  parent: ExecutionHead,
  { header, transactions }: CheckedBlock,
  bytes: Uint8Array,
  attributes: PayloadAttributes,
  dependencies: { readonly store: Pick<KeyValueStore, 'get'>; readonly pace: Pace },
): Promise<Candidate> {
  const execution = createBlockExecution(context, parent, attributes, dependencies);
  for (const [index, transaction] of transactions.entries()) {
    const refusal = await execution.run(transaction);
    if (refusal !== undefined) throw invalid(`transaction ${index}: ${refusal.reason}`);
  }
  const executed = await execution.finish();
  const rules: readonly (readonly [boolean, string])[] = [
    [header.gasUsed === executed.gasUsed, `gasUsed is ${header.gasUsed}, not ${executed.gasUsed}`],
    [equalBytes(header.logsBloom, executed.logsBloom), 'logsBloom is not its logs’'],
    [equalBytes(header.receiptTrie, executed.receiptsRoot), 'receiptsRoot is not its receipts’'],
    [equalBytes(header.stateRoot, executed.stateRoot), 'stateRoot is not the state’s after it'],
  ];
  for (const [holds, sentence] of rules) if (!holds) throw invalid(sentence);
  return candidateOf(header, bytes, executed.receipts, executed.stateWrites);
}

function decodeParts(bytes: Uint8Array): readonly [Uint8Array[], readonly RlpItem[], readonly RlpItem[], readonly RlpItem[]] {
  let value: RlpItem;
  try {
    value = decodeRlp(bytes);
  } catch (cause) {
    throw invalid(`it is not RLP: ${messageOf(cause)}`, cause);
  }
  if (value instanceof Uint8Array || value.length !== BLOCK_PARTS || value.some((part) => part instanceof Uint8Array)) {
    throw invalid('it is not a list of header, transactions, ommers and withdrawals');
  }
  const [header, transactions, ommers, withdrawals] = value as readonly (readonly RlpItem[])[] as ReturnType<typeof decodeParts>;
  if (header.length !== HEADER_FIELDS) throw invalid(`its header has ${header.length} fields, not ${HEADER_FIELDS}`);
  if (!header.every((field) => field instanceof Uint8Array)) throw invalid('a field of its header is a list');
  return [header, transactions, ommers, withdrawals];
}
