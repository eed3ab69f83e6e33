import { createBlockHeader } from '@ethereumjs/block';
import { Address as EthereumAddress } from '@ethereumjs/util';
import { toHex } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Logger } from '../primitives/log.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { createBlockExecution } from './block-execution.ts';
import { encodeWithdrawals, listRoot } from './block-roots.ts';
import { type Candidate, candidateOf } from './candidate.ts';
import { fastKeccak256 } from './crypto.ts';
import type { ExecutionHead, PayloadAttributes } from './engine.ts';
import type { ChainContext } from './machine.ts';
import { encodedBytes, encodedList } from './state/rlp-parts.ts';
import { type DecodedTransaction, decodeTransaction } from './transactions.ts';
import type { Pace } from './watch.ts';

/** Builds a block on `parent`, transactions in the given order as far as they apply. */
export async function buildBlock(
  context: ChainContext,
  parent: ExecutionHead,
  attributes: PayloadAttributes,
  raws: readonly Uint8Array[],
  dependencies: { readonly store: Pick<KeyValueStore, 'get'>; readonly pace: Pace; readonly log: Logger },
): Promise<{ readonly candidate: Candidate; readonly dropped: readonly Hash[] }> {
  const dropped: Hash[] = [];
  const included: DecodedTransaction[] = [];
  const execution = createBlockExecution(context, parent, attributes, dependencies);
  for (const raw of raws) {
    let transaction: DecodedTransaction;
    try {
      transaction = decodeTransaction(raw, context.chainId);
    } catch (error) {
      if (!isPolError(error)) throw error;
      dropped.push(fastKeccak256(raw));
      continue;
    }
    const refusal = await execution.run(transaction);
    if (refusal === undefined) included.push(transaction);
    else if (refusal.kind !== 'later') dropped.push(transaction.hash);
    if (refusal?.kind === 'poison') {
      dependencies.log.warn({ transaction: toHex(transaction.hash), reason: refusal.reason }, 'a transaction cannot be executed');
    }
  }
  const executed = await execution.finish();
  const withdrawals = encodeWithdrawals(attributes.withdrawals);
  const header = createBlockHeader(
    {
      parentHash: parent.hash,
      number: BigInt(parent.number + 1),
      timestamp: BigInt(attributes.timestamp),
      gasLimit: context.gasLimit,
      baseFeePerGas: parent.nextBaseFeePerGas,
      coinbase: new EthereumAddress(attributes.feeRecipient),
      mixHash: attributes.prevRandao,
      parentBeaconBlockRoot: attributes.parentBeaconBlockRoot,
      excessBlobGas: 0n,
      blobGasUsed: 0n,
      gasUsed: executed.gasUsed,
      stateRoot: executed.stateRoot,
      logsBloom: executed.logsBloom,
      receiptTrie: executed.receiptsRoot,
      transactionsTrie: listRoot(included.map(({ raw }) => raw)),
      withdrawalsRoot: listRoot(withdrawals),
    },
    { common: context.rules },
  );
  const bytes = encodedList([
    header.serialize(),
    // In a block a legacy transaction is a list, others are strings.
    encodedList(included.map(({ type, raw }) => (type === 0 ? raw : encodedBytes(raw)))),
    encodedList([]),
    encodedList(withdrawals),
  ]);
  return { dropped, candidate: candidateOf(header, bytes, executed.receipts, executed.stateWrites) };
}
