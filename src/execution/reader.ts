import { type BlockHeader, createBlockHeaderFromBytesArray } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { Address as EthereumAddress } from '@ethereumjs/util';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { ADDRESS_BYTES } from '../primitives/keys.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { createAccessList } from './access-list.ts';
import { bloomOf, decodeHeader, type HeaderView, rawTransactions } from './block-view.ts';
import { type CallEnvironment, call, estimateGas } from './calls.ts';
import { fastKeccak256 } from './crypto.ts';
import type { BlockReference, ExecutionHead, ExecutionReader, NextFees, Overrides, StoredLog, StoredReceipt } from './engine.ts';
import { executionError } from './errors.ts';
import { forkConfigOf } from './fork-config.ts';
import {
  MAX_CALL_MS,
  MAX_EXECUTIONS,
  MAX_LOG_RANGE_BLOCKS,
  MAX_LOGS,
  MAX_PROOF_SLOTS,
  MAX_TRACE_MS,
  MAX_WAITING_EXECUTIONS,
} from './limits.ts';
import { createBloomTest, matchesLog } from './logs.ts';
import type { ChainContext } from './machine.ts';
import { accountProof } from './proof.ts';
import { encodeReceipt, type ReceiptBody } from './receipts.ts';
import {
  ancestorHashes,
  blocksByNumber,
  headersByNumber,
  numbersByHash,
  type Place,
  placesByTransaction,
  receiptsByPlace,
  transactionsByAddress,
} from './records.ts';
import { simulate } from './simulate.ts';
import { type AccountRecord, decodeAccount } from './state/account.ts';
import { createMerkleTrie, type MerkleTrie } from './state/merkle-trie.ts';
import { storedNodes } from './state/node-source.ts';
import { type TracedBlock, traceCall, traceTransactions } from './trace.ts';
import { createTrieDatabase, openState } from './trie-database.ts';
import { createTurnstile } from './turnstile.ts';
import { createWatch, type Pace, systemPace } from './watch.ts';

const WORD_BYTES = 32;
/** Accounts read from one trie in memory before it is begun anew: it keeps every node it has read. */
const MAX_READS_OF_TRIE = 20_000;

/** Answers from the store, up to the head: what is durable but not yet advanced to is not seen. */
export function createExecutionReader(
  context: ChainContext,
  dependencies: { readonly store: KeyValueStore; readonly head: () => ExecutionHead; readonly pace?: Pace },
): ExecutionReader {
  const { store, head, pace = systemPace } = dependencies;
  const pass = createTurnstile({ places: MAX_EXECUTIONS, waiting: MAX_WAITING_EXECUTIONS });

  function numberOf(at: BlockReference): number | undefined {
    if (at === 'latest') return head().number;
    const number = typeof at === 'number' ? at : at.length === WORD_BYTES ? numbersByHash.get(store, at) : undefined;
    return number !== undefined && Number.isSafeInteger(number) && number >= 0 && number <= head().number ? number : undefined;
  }

  /** @throws EXECUTION_UNKNOWN_BLOCK */
  function required(at: BlockReference): number {
    const number = numberOf(at);
    if (number === undefined) {
      throw executionError(
        'EXECUTION_UNKNOWN_BLOCK',
        `header not found: ${at instanceof Uint8Array ? toHex(at) : at}, the head is ${head().number}`,
      );
    }
    return number;
  }

  function missing(what: string) {
    return executionError('EXECUTION_STATE_MISSING', `the store lacks ${what}: restore the data directory or synchronise anew`);
  }

  function absent(number: number) {
    return executionError(
      'EXECUTION_HISTORY_ABSENT',
      `block ${number} is older than this node's history, for it joined later by a snapshot: ask a node that holds it`,
    );
  }

  function stateAt(at: BlockReference) {
    const number = required(at);
    const record = headersByNumber.get(store, number);
    if (record === undefined) throw absent(number);
    return openState(context.rules, createTrieDatabase(store).database, record.stateRoot);
  }

  function blockBytes(number: number): Uint8Array {
    const bytes = blocksByNumber.get(store, number);
    if (bytes === undefined) throw absent(number);
    return bytes;
  }

  function headerAt(at: BlockReference): BlockHeader {
    const view = decodeHeader(blockBytes(required(at)));
    return createBlockHeaderFromBytesArray(RLP.decode(view.raw) as Uint8Array[], { common: context.rulesAt(view) });
  }

  /** What executes code takes a place, and a watch that ends it. */
  function execute<T>(at: BlockReference, overrides: Overrides, budgetMs: number, run: (environment: CallEnvironment) => Promise<T>) {
    const header = headerAt(at);
    return pass(() => run({ context, store, header, overrides, watch: createWatch(pace, budgetMs) }));
  }

  function tracedBlock(number: number): TracedBlock {
    if (number === 0) throw executionError('EXECUTION_NOT_TRACEABLE', 'genesis is not traceable');
    const parent = headersByNumber.get(store, number - 1);
    if (parent === undefined) throw missing(`the header of block ${number - 1}`);
    const bytes = blockBytes(number);
    return { number, timestamp: decodeHeader(bytes).timestamp, bytes, parentStateRoot: parent.stateRoot };
  }

  function placeOf(hash: Hash): { readonly place: Place; readonly blockHash: Hash } | undefined {
    const place = hash.length === WORD_BYTES ? placesByTransaction.get(store, hash) : undefined;
    if (place === undefined || place.number > head().number) return undefined;
    const record = headersByNumber.get(store, place.number);
    if (record === undefined) throw missing(`the header of block ${place.number}`);
    return { place, blockHash: record.hash };
  }

  function stored(body: ReceiptBody, place: Place, header: Pick<HeaderView, 'hash' | 'timestamp'>): StoredReceipt {
    return { ...body, blockNumber: place.number, blockHash: header.hash, blockTimestamp: header.timestamp, index: place.index };
  }

  function receiptsOf(number: number): readonly StoredReceipt[] {
    const bytes = blockBytes(number);
    const header = decodeHeader(bytes);
    const range = receiptsByPlace.range(store, { from: { number, index: 0 }, to: { number: number + 1, index: 0 } });
    const receipts = [...range].map(({ key, value }) => stored(value, key, header));
    // The block that a snapshot begins with was not executed here.
    if (receipts.length === 0 && rawTransactions(bytes).length > 0) throw absent(number);
    return receipts;
  }

  /** The account trie that was read last, with the nodes read so far: the pool asks of each sender, wallets of one block. */
  let lastRead: { readonly root: Hash; readonly trie: MerkleTrie; reads: number } | undefined;

  async function accountAt(address: Uint8Array, at: BlockReference): Promise<AccountRecord | undefined> {
    checkAddress(address);
    const number = required(at);
    const root = number === head().number ? head().stateRoot : headersByNumber.get(store, number)?.stateRoot;
    if (root === undefined) throw absent(number);
    if (lastRead === undefined || lastRead.reads++ >= MAX_READS_OF_TRIE || !equalBytes(lastRead.root, root)) {
      lastRead = { root, trie: createMerkleTrie(root, storedNodes(store)), reads: 0 };
    }
    const encoded = lastRead.trie.get(fastKeccak256(address));
    return encoded === undefined ? undefined : decodeAccount(encoded);
  }

  return {
    balance: async (address, at = 'latest') => (await accountAt(address, at))?.balance ?? 0n,
    nonce: async (address, at = 'latest') => (await accountAt(address, at))?.nonce ?? 0n,
    code: async (address, at = 'latest') => stateAt(at).getCode(addressOf(address)),

    async storage(address, slot, at = 'latest') {
      if (slot.length > WORD_BYTES) throw executionError('EXECUTION_CALL_INVALID', `slot has ${slot.length} bytes: at most ${WORD_BYTES}`);
      return leftPadded(await stateAt(at).getStorage(addressOf(address), leftPadded(slot)));
    },

    async proof(address, slots, at = 'latest') {
      checkAddress(address);
      if (slots.length > MAX_PROOF_SLOTS) throw executionError('EXECUTION_LIMIT', `at most ${MAX_PROOF_SLOTS} slots can be proven at once`);
      const { stateRoot } = headersByNumber.get(store, required(at)) ?? headerAt(at);
      return accountProof({ context, store, stateRoot }, address, slots);
    },

    call: async (request, at = 'latest', overrides = {}) =>
      execute(at, overrides, MAX_CALL_MS, (environment) => call(environment, request)),
    estimateGas: async (request, at = 'latest', overrides = {}) =>
      execute(at, overrides, MAX_CALL_MS, (environment) => estimateGas(environment, request)),
    createAccessList: async (request, at = 'latest', overrides = {}) =>
      execute(at, overrides, MAX_CALL_MS, (environment) => createAccessList(environment, request)),
    simulate: async (simulation, at = 'latest') => execute(at, {}, MAX_CALL_MS, (environment) => simulate(environment, simulation)),

    async traceTransaction(hash, options) {
      const place = placeOf(hash)?.place;
      if (place === undefined) throw executionError('EXECUTION_NOT_TRACEABLE', 'transaction not found');
      const traced = tracedBlock(place.number);
      const [trace] = await pass(() =>
        traceTransactions({ context, store, watch: createWatch(pace, MAX_TRACE_MS) }, traced, options, (index) => index === place.index),
      );
      return trace?.result;
    },
    async traceBlock(at, options) {
      const number = numberOf(at);
      if (number === undefined) {
        throw executionError('EXECUTION_NOT_TRACEABLE', `block ${at instanceof Uint8Array ? toHex(at) : at} not found`);
      }
      const traced = tracedBlock(number);
      return pass(() => traceTransactions({ context, store, watch: createWatch(pace, MAX_TRACE_MS) }, traced, options, () => true));
    },
    traceCall: async (request, options, at = 'latest', overrides = {}) =>
      execute(at, overrides, MAX_TRACE_MS, (environment) => traceCall(environment, request, options)),

    blockHash(number) {
      const known = numberOf(number);
      return known === undefined ? undefined : (headersByNumber.get(store, known)?.hash ?? ancestorHashes.get(store, known));
    },

    block(at) {
      const number = numberOf(at);
      if (number === undefined) return undefined;
      const bytes = blocksByNumber.get(store, number);
      if (bytes === undefined) throw absent(number);
      return bytes;
    },

    transaction(hash) {
      const found = placeOf(hash);
      if (found === undefined) return undefined;
      const { place, blockHash } = found;
      const bytes = blocksByNumber.get(store, place.number);
      const raw = bytes === undefined ? undefined : rawTransactions(bytes)[place.index];
      if (raw === undefined) throw missing(`transaction ${toHex(hash)}`);
      return { raw, hash, blockNumber: place.number, blockHash, index: place.index };
    },

    receipt(hash) {
      const found = placeOf(hash);
      if (found === undefined) return undefined;
      const body = receiptsByPlace.get(store, found.place);
      if (body === undefined) throw missing(`the receipt of ${toHex(hash)}`);
      return stored(body, found.place, decodeHeader(blockBytes(found.place.number)));
    },

    receipts(at) {
      const number = numberOf(at);
      return number === undefined ? undefined : receiptsOf(number);
    },

    rawReceipts(at) {
      const number = numberOf(at);
      return number === undefined ? undefined : receiptsOf(number).map(encodeReceipt);
    },

    async logs(filter, from, to) {
      if (to - from >= MAX_LOG_RANGE_BLOCKS) {
        throw executionError('EXECUTION_LIMIT', `block range is larger than ${MAX_LOG_RANGE_BLOCKS}: ask for less at once`);
      }
      const watch = createWatch(pace, MAX_CALL_MS);
      const mayHold = createBloomTest(filter);
      const logs: StoredLog[] = [];
      for (let number = from; number <= Math.min(to, head().number); number++) {
        await watch.look();
        if (!mayHold(bloomOf(blockBytes(number)))) continue;
        for (const receipt of receiptsOf(number)) {
          for (const log of receipt.logs) if (matchesLog(filter, log)) logs.push(placed(log, receipt));
        }
        if (logs.length > MAX_LOGS) throw executionError('EXECUTION_LIMIT', `query returned more than ${MAX_LOGS} results`);
      }
      return logs;
    },

    transactionsOf(address, limit) {
      checkAddress(address);
      const hashes: Hash[] = [];
      for (const { value } of transactionsByAddress.rangeUnder(store, address, { reverse: true })) {
        if (hashes.length >= limit) break;
        const place = placesByTransaction.get(store, value);
        if (place !== undefined && place.number <= head().number) hashes.push(value);
      }
      return hashes;
    },

    nextFees(at = 'latest'): NextFees {
      const header = headerAt(at);
      const { number, timestamp } = header;
      // When the next block comes is not known; as many seconds after this one as geth supposes.
      const rules = context.rulesAt({ number: Number(number) + 1, timestamp: Number(timestamp) });
      return {
        baseFeePerGas: header.baseFeePerGas === undefined ? 0n : header.calcNextBaseFee(),
        blobBaseFee: header.excessBlobGas === undefined ? 0n : header.calcNextBlobGasPrice(rules),
      };
    },

    blobBaseFee(at) {
      const header = headerAt(at);
      return header.excessBlobGas === undefined ? 0n : header.getBlobGasPrice();
    },

    maxBlobGas(at) {
      const { common: rules } = headerAt(at);
      return rules.isActivatedEIP(4844) ? rules.getBlobGasSchedule().maxBlobGasPerBlock : 0n;
    },

    forkConfig() {
      const genesis = headersByNumber.get(store, 0);
      if (genesis === undefined) throw missing('the genesis block');
      const { number, timestamp } = head();
      return forkConfigOf(context, context.rulesAt({ number, timestamp }), genesis.hash);
    },
  };
}

function placed(log: StoredReceipt['logs'][number], receipt: StoredReceipt): StoredLog {
  const { transactionHash, index, blockNumber, blockHash, blockTimestamp } = receipt;
  return { ...log, transactionHash, transactionIndex: index, blockNumber, blockHash, blockTimestamp };
}

function checkAddress(address: Uint8Array): void {
  if (address.length !== ADDRESS_BYTES) {
    throw executionError('EXECUTION_CALL_INVALID', `an address has ${ADDRESS_BYTES} bytes, not ${address.length}`);
  }
}

function addressOf(address: Uint8Array): EthereumAddress {
  checkAddress(address);
  return new EthereumAddress(address);
}

function leftPadded(bytes: Uint8Array): Uint8Array {
  const word = new Uint8Array(WORD_BYTES);
  word.set(bytes, WORD_BYTES - bytes.length);
  return word;
}
