import { RLP } from '@ethereumjs/rlp';
import { concatBytes } from '../primitives/bytes.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { executionCrypto, fastKeccak256 } from './crypto.ts';
import { executionError } from './errors.ts';

/** An account and slots that a transaction announces to touch (EIP-2930). */
export interface AccessListItem {
  readonly address: Address;
  /** 32 bytes each */
  readonly storageKeys: readonly Uint8Array[];
}

/** An account that lets another's code act for it (EIP-7702). */
export interface AuthorizationView {
  readonly chainId: bigint;
  readonly address: Address;
  readonly nonce: bigint;
  readonly yParity: bigint;
  readonly r: bigint;
  readonly s: bigint;
}

/** A transaction's fields under their JSON-RPC names. */
export interface TransactionView {
  readonly hash: Hash;
  readonly type: number;
  /** Undefined in a legacy transaction from before EIP-155. */
  readonly chainId: bigint | undefined;
  readonly from: Address;
  readonly to: Address | undefined;
  readonly nonce: bigint;
  /** Gas limit. */
  readonly gas: bigint;
  /** wei; what types 0 and 1 offer. Undefined for others: what they pay depends on the block (effectiveGasPriceOf). */
  readonly gasPrice: bigint | undefined;
  /** wei; from type 2 on */
  readonly maxFeePerGas: bigint | undefined;
  readonly maxPriorityFeePerGas: bigint | undefined;
  /** wei; type 3 only */
  readonly maxFeePerBlobGas: bigint | undefined;
  readonly blobVersionedHashes: readonly Hash[] | undefined;
  readonly value: bigint;
  readonly input: Uint8Array;
  /** Undefined for legacy transactions. */
  readonly accessList: readonly AccessListItem[] | undefined;
  /** Type 4 only. */
  readonly authorizationList: readonly AuthorizationView[] | undefined;
  /** As signed: EIP-155's for legacy transactions, the parity of others. */
  readonly v: bigint;
  readonly yParity: 0 | 1;
  readonly r: bigint;
  readonly s: bigint;
  /** EIP-2718 bytes. */
  readonly raw: Uint8Array;
}

type Item = Uint8Array | readonly Item[];

/** A legacy transaction is an RLP list, whose first byte lies from here on (EIP-2718). */
const FIRST_LIST_BYTE = 0xc0;
/** Fields of each type, signed. */
const FIELDS_OF_TYPE: readonly number[] = [9, 11, 12, 14, 13];
const SIGNATURE_FIELDS = 3;

/**
 * A signed transaction of any chain and of any type up to 4, as plain values. It checks form and signature only: whether it
 * may be sent is `parseTransaction`'s to say.
 * @throws EXECUTION_TX_MALFORMED
 */
export function decodeTransactionView(raw: Uint8Array): TransactionView {
  try {
    return decode(raw);
  } catch (cause) {
    if (isPolError(cause)) throw cause;
    throw executionError('EXECUTION_TX_MALFORMED', `the transaction does not decode: ${messageOf(cause)}`, { cause });
  }
}

/** wei for a unit of gas that a transaction pays in a block with this base fee (EIP-1559); before London there is none. */
export function effectiveGasPriceOf(transaction: TransactionView, baseFeePerGas: bigint | undefined): bigint {
  const { maxFeePerGas, maxPriorityFeePerGas, gasPrice = 0n } = transaction;
  if (maxFeePerGas === undefined || maxPriorityFeePerGas === undefined) return gasPrice;
  const offered = (baseFeePerGas ?? 0n) + maxPriorityFeePerGas;
  return offered < maxFeePerGas ? offered : maxFeePerGas;
}

function decode(raw: Uint8Array): TransactionView {
  const first = raw[0] ?? 0;
  const type = first >= FIRST_LIST_BYTE ? 0 : first;
  const items = RLP.decode(type === 0 ? raw : raw.subarray(1)) as readonly Item[];
  if (!Array.isArray(items) || items.length !== FIELDS_OF_TYPE[type]) throw new RangeError(`not the fields of type ${type}`);
  const bytes = (index: number): Uint8Array => bytesOf(items[index]);
  const number = (index: number): bigint => integerOf(items[index]);

  // Types after the legacy one begin with the chain id; from type 2 on there are two fees in place of the price.
  const offset = type === 0 ? 0 : 1;
  const isFeeMarket = type >= 2;
  const gasAt = offset + (isFeeMarket ? 3 : 2);
  const accessListAt = gasAt + 4;
  const to = bytes(gasAt + 1);
  const [v, r, s] = [items.length - 3, items.length - 2, items.length - 1].map(number) as [bigint, bigint, bigint];
  const chainId = type > 0 ? number(0) : v < 35n ? undefined : (v - 35n) / 2n;
  const yParity = type > 0 ? v : chainId === undefined ? v - 27n : v - 35n - 2n * chainId;
  return {
    hash: fastKeccak256(raw),
    type,
    chainId,
    from: senderOf(type, items, chainId, yParity),
    to: to.length === 0 ? undefined : to,
    nonce: number(offset),
    gas: number(gasAt),
    gasPrice: isFeeMarket ? undefined : number(offset + 1),
    maxFeePerGas: isFeeMarket ? number(offset + 2) : undefined,
    maxPriorityFeePerGas: isFeeMarket ? number(offset + 1) : undefined,
    maxFeePerBlobGas: type === 3 ? number(accessListAt + 1) : undefined,
    blobVersionedHashes: type === 3 ? listOf(items[accessListAt + 2]).map(bytesOf) : undefined,
    value: number(gasAt + 2),
    input: bytes(gasAt + 3),
    accessList: type === 0 ? undefined : listOf(items[accessListAt]).map(accessListItemOf),
    authorizationList: type === 4 ? listOf(items[accessListAt + 1]).map(authorizationOf) : undefined,
    v,
    yParity: yParity === 1n ? 1 : 0,
    r,
    s,
    raw,
  };
}

function senderOf(type: number, items: readonly Item[], chainId: bigint | undefined, yParity: bigint): Address {
  const body = items.slice(0, -SIGNATURE_FIELDS);
  const protection = type === 0 && chainId !== undefined ? [chainId, 0, 0] : [];
  const payload = RLP.encode([...body, ...protection] as Parameters<typeof RLP.encode>[0]);
  const digest = fastKeccak256(type === 0 ? payload : concatBytes(Uint8Array.of(type), payload));
  const { ecrecover } = executionCrypto;
  if (ecrecover === undefined) throw new Error('no recovery of keys');
  const [r, s] = items.slice(-2).map(bytesOf) as [Uint8Array, Uint8Array];
  return fastKeccak256(ecrecover(digest, yParity, r, s)).subarray(12);
}

function accessListItemOf(item: Item): AccessListItem {
  const [address, storageKeys] = listOf(item);
  return { address: bytesOf(address), storageKeys: listOf(storageKeys).map(bytesOf) };
}

function authorizationOf(item: Item): AuthorizationView {
  const [chainId, address, nonce, yParity, r, s] = listOf(item);
  return {
    chainId: integerOf(chainId),
    address: bytesOf(address),
    nonce: integerOf(nonce),
    yParity: integerOf(yParity),
    r: integerOf(r),
    s: integerOf(s),
  };
}

function bytesOf(item: Item | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new RangeError('a field is missing or a list');
  return item;
}

function listOf(item: Item | undefined): readonly Item[] {
  if (item === undefined || item instanceof Uint8Array) throw new RangeError('a list is missing');
  return item;
}

function integerOf(item: Item | undefined): bigint {
  const bytes = bytesOf(item);
  if (bytes.length > 32) throw new RangeError('an integer exceeds 256 bits');
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}
