import { type Block, createBlock, genTransactionsTrieRoot, genWithdrawalsTrieRoot } from '@ethereumjs/block';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import type { TypedTransaction } from '@ethereumjs/tx';
import { Account, createWithdrawal, Address as EthereumAddress } from '@ethereumjs/util';
import { Bloom, encodeReceipt, runTx, type VM } from '@ethereumjs/vm';
import { toHex } from '../primitives/bytes.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import { type Hash, keccak256 } from '../primitives/hash.ts';
import type { Logger } from '../primitives/log.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { storeBeaconRoot } from './beacon-roots.ts';
import { type Candidate, candidateOf } from './candidate.ts';
import type { ExecutionHead, PayloadAttributes } from './engine.ts';
import { type ChainContext, createMachine, surroundings } from './machine.ts';
import { type ReceiptBody, receiptOf } from './receipts.ts';
import { feesOf, parseTransaction } from './transactions.ts';
import { createTrieDatabase, openState } from './trie-database.ts';

interface BuildDependencies {
  readonly store: KeyValueStore;
  readonly log: Logger;
}

/** Why a transaction is not in the block: it cannot apply any more, or not in this block. */
type Fitness = 'fits' | 'dropped' | 'later';

/**
 * Builds a block on `parent`, transactions in the given order as far as they apply.
 *
 * EthereumJS's own builder makes a new block of all transactions so far for each one; here each runs against the header alone.
 * Validation goes through EthereumJS's `runBlock`, so every built block is checked by other code.
 */
export async function buildBlock(
  context: ChainContext,
  parent: ExecutionHead,
  attributes: PayloadAttributes,
  raws: readonly Uint8Array[],
  dependencies: BuildDependencies,
): Promise<{ readonly candidate: Candidate; readonly dropped: readonly Hash[] }> {
  const dropped: Hash[] = [];
  const parsed: TypedTransaction[] = [];
  for (const raw of raws) {
    try {
      parsed.push(parseTransaction(raw, context.chainId));
    } catch (error) {
      if (!isPolError(error)) throw error;
      dropped.push(keccak256(raw));
    }
  }
  // A transaction that EthereumJS throws on half-way leaves its checkpoints open: the block is begun again without it.
  const poisonous = new Set<TypedTransaction>();
  for (;;) {
    const attempt = await execute(context, parent, attributes, parsed, poisonous, dependencies);
    if (attempt.poison === undefined) {
      const hashes = [...attempt.dropped, ...poisonous].map((transaction) => transaction.hash());
      return { candidate: attempt.candidate, dropped: [...dropped, ...hashes] };
    }
    const { transaction, error } = attempt.poison;
    dependencies.log.warn({ transaction: toHex(transaction.hash()), reason: messageOf(error) }, 'a transaction cannot be executed');
    poisonous.add(transaction);
  }
}

type Attempt =
  | { readonly poison: undefined; readonly candidate: Candidate; readonly dropped: readonly TypedTransaction[] }
  | { readonly poison: { readonly transaction: TypedTransaction; readonly error: unknown } };

async function execute(
  context: ChainContext,
  parent: ExecutionHead,
  attributes: PayloadAttributes,
  transactions: readonly TypedTransaction[],
  excluded: ReadonlySet<TypedTransaction>,
  dependencies: BuildDependencies,
): Promise<Attempt> {
  const { database, written } = createTrieDatabase(dependencies.store);
  const machine = await createMachine(context, openState(context.rules, database, parent.stateRoot));
  const { journal } = machine.evm;
  const header = {
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
  };
  const around = surroundings(context.rules, header);

  await journal.checkpoint();
  await storeBeaconRoot(machine, attributes);

  const included: TypedTransaction[] = [];
  const dropped: TypedTransaction[] = [];
  const receipts: ReceiptBody[] = [];
  const bloom = new Bloom(undefined, context.rules);
  const receiptTrie = new MerklePatriciaTrie({ common: context.rules });
  let gasUsed = 0n;
  let logCount = 0;
  for (const transaction of transactions) {
    if (excluded.has(transaction)) continue;
    const fitness = await fitnessOf(machine, transaction, { roomInGas: context.gasLimit - gasUsed, baseFeePerGas: header.baseFeePerGas });
    if (fitness === 'dropped') dropped.push(transaction);
    if (fitness !== 'fits') continue;
    try {
      const result = await runTx(machine, { tx: transaction, block: around, blockGasUsed: gasUsed });
      gasUsed += result.totalGasSpent;
      bloom.or(result.bloom);
      await receiptTrie.put(RLP.encode(included.length), encodeReceipt(result.receipt, transaction.type));
      receipts.push(receiptOf(transaction, result, { baseFeePerGas: header.baseFeePerGas, firstLogIndex: logCount }));
      logCount += result.receipt.logs.length;
      included.push(transaction);
    } catch (error) {
      // The store's trouble is not the transaction's.
      if (isPolError(error)) throw error;
      return { poison: { transaction, error } };
    }
  }

  const withdrawals = attributes.withdrawals.map(({ index, address, gwei }) =>
    createWithdrawal({ index, validatorIndex: 0n, address: new EthereumAddress(address), amount: gwei }),
  );
  for (const { address, amount } of withdrawals) {
    const account = (await machine.stateManager.getAccount(address)) ?? new Account();
    account.balance += amount * WEI_PER_GWEI;
    await journal.putAccount(address, account);
  }
  await journal.cleanup();

  // Inside the checkpoint: outside it every changed account would be written to the database on its own.
  const stateRoot = await machine.stateManager.getStateRoot();
  await journal.commit();
  const block: Block = createBlock(
    {
      header: {
        ...header,
        gasUsed,
        stateRoot,
        logsBloom: bloom.bitvector,
        receiptTrie: receiptTrie.root(),
        transactionsTrie: await genTransactionsTrieRoot(included, new MerklePatriciaTrie({ common: context.rules })),
        withdrawalsRoot: await genWithdrawalsTrieRoot(withdrawals, new MerklePatriciaTrie({ common: context.rules })),
      },
      transactions: included,
      withdrawals,
    },
    { common: context.rules },
  );
  return { poison: undefined, dropped, candidate: candidateOf(block, block.serialize(), receipts, written) };
}

/** The rules that `runTx` would throw on, without its messages. */
async function fitnessOf(
  machine: VM,
  transaction: TypedTransaction,
  block: { readonly roomInGas: bigint; readonly baseFeePerGas: bigint },
): Promise<Fitness> {
  const { maxFeePerGas } = feesOf(transaction);
  const account = (await machine.stateManager.getAccount(transaction.getSenderAddress())) ?? new Account();
  if (transaction.nonce < account.nonce) return 'dropped';
  if (transaction.nonce > account.nonce || maxFeePerGas < block.baseFeePerGas || transaction.gasLimit > block.roomInGas) return 'later';
  // EIP-3607: an account with code signs nothing. EIP-1559: the whole limit must be covered.
  if (account.isContract() || account.balance < transaction.gasLimit * maxFeePerGas + transaction.value) return 'dropped';
  return 'fits';
}
