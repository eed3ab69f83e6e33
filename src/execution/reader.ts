import { type BlockHeader, createBlockHeaderFromBytesArray } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { Address as EthereumAddress } from '@ethereumjs/util';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { ADDRESS_BYTES } from '../primitives/keys.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { call, estimateGas } from './calls.ts';
import type { BlockReference, ExecutionHead, ExecutionReader, StoredReceipt } from './engine.ts';
import { executionError } from './errors.ts';
import type { ChainContext } from './machine.ts';
import type { ReceiptBody } from './receipts.ts';
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
import { createTrieDatabase, openState } from './trie-database.ts';

const WORD_BYTES = 32;
/** RLP of a block without parts. */
const NO_BLOCK = Uint8Array.of(0xc4, 0xc0, 0xc0, 0xc0, 0xc0);

/** Answers from the store, up to the head: what is durable but not yet advanced to is not seen. */
export function createExecutionReader(
  context: ChainContext,
  dependencies: { readonly store: KeyValueStore; readonly head: () => ExecutionHead },
): ExecutionReader {
  const { store, head } = dependencies;

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

  function headerAt(at: BlockReference): BlockHeader {
    const number = required(at);
    const bytes = blocksByNumber.get(store, number);
    if (bytes === undefined) throw absent(number);
    const [header] = RLP.decode(bytes) as unknown as readonly [Uint8Array[]];
    return createBlockHeaderFromBytesArray(header, { common: context.rules });
  }

  function placeOf(hash: Hash): { readonly place: Place; readonly blockHash: Hash } | undefined {
    const place = hash.length === WORD_BYTES ? placesByTransaction.get(store, hash) : undefined;
    if (place === undefined || place.number > head().number) return undefined;
    const record = headersByNumber.get(store, place.number);
    if (record === undefined) throw missing(`the header of block ${place.number}`);
    return { place, blockHash: record.hash };
  }

  function stored(body: ReceiptBody, place: Place, blockHash: Hash): StoredReceipt {
    return { ...body, blockNumber: place.number, blockHash, index: place.index };
  }

  async function accountAt(address: Uint8Array, at: BlockReference) {
    return stateAt(at).getAccount(addressOf(address));
  }

  return {
    balance: async (address, at = 'latest') => (await accountAt(address, at))?.balance ?? 0n,
    nonce: async (address, at = 'latest') => (await accountAt(address, at))?.nonce ?? 0n,
    code: async (address, at = 'latest') => stateAt(at).getCode(addressOf(address)),

    async storage(address, slot, at = 'latest') {
      if (slot.length > WORD_BYTES) throw executionError('EXECUTION_CALL_INVALID', `slot has ${slot.length} bytes: at most ${WORD_BYTES}`);
      return leftPadded(await stateAt(at).getStorage(addressOf(address), leftPadded(slot)));
    },

    call: async (request, at = 'latest') => call({ context, store, header: headerAt(at) }, request),
    estimateGas: async (request, at = 'latest') => estimateGas({ context, store, header: headerAt(at) }, request),

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
      return stored(body, found.place, found.blockHash);
    },

    receipts(at) {
      const number = numberOf(at);
      if (number === undefined) return undefined;
      const record = headersByNumber.get(store, number);
      if (record === undefined) throw absent(number);
      const range = receiptsByPlace.range(store, { from: { number, index: 0 }, to: { number: number + 1, index: 0 } });
      const receipts = [...range].map(({ key, value }) => stored(value, key, record.hash));
      // The block that a snapshot begins with was not executed here.
      if (receipts.length === 0 && rawTransactions(blocksByNumber.get(store, number) ?? NO_BLOCK).length > 0) throw absent(number);
      return receipts;
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
  };
}

function rawTransactions(block: Uint8Array): readonly Uint8Array[] {
  const [, transactions] = RLP.decode(block) as unknown as readonly [unknown, readonly (Uint8Array | Uint8Array[])[]];
  return transactions.map((item) => (item instanceof Uint8Array ? item : RLP.encode(item)));
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
