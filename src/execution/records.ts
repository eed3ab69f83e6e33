import { concatBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { ADDRESS_BYTES } from '../primitives/keys.ts';
import { bytesCodec, createBucket, numberCodec, type StoredCodec } from '../store/bucket.ts';
import type { Write } from '../store/kv.ts';
import { Prefix } from '../store/prefixes.ts';
import type { SystemWrite } from './engine.ts';
import { decodeReceiptBody, encodeReceiptBody, type ReceiptBody } from './receipts.ts';

/** A transaction's place: block number and index in the block. */
export interface Place {
  readonly number: number;
  readonly index: number;
}

const HASH_BYTES = 32;
const NUMBER_BYTES = 8;
const INDEX_BYTES = 4;
/** Address, slot and value (32 bytes, both). */
const SYSTEM_WRITE_BYTES = ADDRESS_BYTES + 2 * HASH_BYTES;

const placeCodec: StoredCodec<Place> = {
  encode({ number, index }) {
    const out = new Uint8Array(NUMBER_BYTES + INDEX_BYTES);
    out.set(numberCodec.encode(number));
    new DataView(out.buffer).setUint32(NUMBER_BYTES, index);
    return out;
  },
  decode(bytes) {
    const number = numberCodec.decode(bytes.subarray(0, NUMBER_BYTES));
    return { number, index: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(NUMBER_BYTES) };
  },
};

const headerRecordCodec: StoredCodec<{ readonly hash: Hash; readonly stateRoot: Hash }> = {
  encode: ({ hash, stateRoot }) => concatBytes(hash, stateRoot),
  decode(bytes) {
    if (bytes.length !== 2 * HASH_BYTES) throw new RangeError('a header record has 64 bytes');
    return { hash: bytes.subarray(0, HASH_BYTES), stateRoot: bytes.subarray(HASH_BYTES) };
  },
};

const systemWritesCodec: StoredCodec<readonly SystemWrite[]> = {
  encode: (writes) => concatBytes(...writes.flatMap(({ address, slot, value }) => [address, slot, value])),
  decode(bytes) {
    if (bytes.length % SYSTEM_WRITE_BYTES !== 0) throw new RangeError('system writes have 84 bytes each');
    return Array.from({ length: bytes.length / SYSTEM_WRITE_BYTES }, (_, i) => {
      const at = i * SYSTEM_WRITE_BYTES;
      const slot = at + ADDRESS_BYTES;
      return {
        address: bytes.subarray(at, slot),
        slot: bytes.subarray(slot, slot + HASH_BYTES),
        value: bytes.subarray(slot + HASH_BYTES, at + SYSTEM_WRITE_BYTES),
      };
    });
  },
};

export const headersByNumber = createBucket(Prefix.executionHeader, { key: numberCodec, value: headerRecordCodec });
/** Hashes of blocks that this node never had: the EVM asks for the last 256. */
export const ancestorHashes = createBucket(Prefix.ancestorHash, { key: numberCodec, value: bytesCodec });
export const blocksByNumber = createBucket(Prefix.executionBlock, { key: numberCodec, value: bytesCodec });
export const numbersByHash = createBucket(Prefix.executionNumberByHash, { key: bytesCodec, value: numberCodec });
export const receiptsByPlace = createBucket(Prefix.receipt, {
  key: placeCodec,
  value: { encode: encodeReceiptBody, decode: decodeReceiptBody },
});
/** What a block set before its transactions, beside EIP-4788's: needed to execute it again. */
export const systemWritesByNumber = createBucket(Prefix.systemWrites, { key: numberCodec, value: systemWritesCodec });
export const placesByTransaction = createBucket(Prefix.transactionPlace, { key: bytesCodec, value: placeCodec });
/** Key: address (20) ‖ place (12). */
export const transactionsByAddress = createBucket(Prefix.addressIndex, { key: bytesCodec, value: bytesCodec });
const meta = createBucket(Prefix.executionMeta, { key: bytesCodec, value: numberCodec });
const HEAD = Uint8Array.of(0);

/** Number of the last committed block. */
export const headNumber = {
  get: (store: Parameters<typeof meta.get>[0]) => meta.get(store, HEAD),
  put: (number: number) => meta.put(HEAD, number),
};

/** All records of a block except its state: block, indices, receipts, and the pointer to it as the head. */
export function blockWrites(block: {
  readonly number: number;
  readonly hash: Hash;
  readonly stateRoot: Hash;
  readonly bytes: Uint8Array;
  readonly receipts: readonly ReceiptBody[];
  readonly systemWrites?: readonly SystemWrite[];
}): readonly Write[] {
  const { number, hash, stateRoot, bytes, receipts, systemWrites = [] } = block;
  const writes: Write[] = [
    headersByNumber.put(number, { hash, stateRoot }),
    blocksByNumber.put(number, bytes),
    numbersByHash.put(hash, number),
    headNumber.put(number),
  ];
  if (systemWrites.length > 0) writes.push(systemWritesByNumber.put(number, systemWrites));
  for (const [index, receipt] of receipts.entries()) {
    const place = { number, index };
    writes.push(receiptsByPlace.put(place, receipt), placesByTransaction.put(receipt.transactionHash, place));
    // One entry where both are the same: the key is.
    for (const address of [receipt.from, receipt.to ?? receipt.contractAddress]) {
      if (address !== undefined)
        writes.push(transactionsByAddress.put(concatBytes(address, placeCodec.encode(place)), receipt.transactionHash));
    }
  }
  return writes;
}
