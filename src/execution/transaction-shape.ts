import { decodeRlp, type RlpItem } from '../codec/rlp.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Address } from '../primitives/keys.ts';
import { executionError } from './errors.ts';
import { MAX_TRANSACTION_BYTES } from './limits.ts';
import type { AccessListItem } from './transaction-view.ts';

/** A legacy transaction is an RLP list, whose first byte lies from here on (EIP-2718). */
const FIRST_LIST_BYTE = 0xc0;
/** Number of fields of legacy (EIP-155), access list (EIP-2930) and fee market (EIP-1559) transactions, signed. */
const FIELDS_OF_TYPE: readonly number[] = [9, 11, 12];
const MAX_INTEGER_BYTES = 32;
const ADDRESS_BYTES = 20;

/** The fields of a transaction, each in its form and not yet in its range. */
export interface TransactionShape {
  readonly type: number;
  /** Undefined in a legacy transaction from before EIP-155. */
  readonly chainId: bigint | undefined;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** wei; the gas price of types 0 and 1 */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  /** As written: empty creates a contract. */
  readonly to: Uint8Array;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly isSigned: boolean;
  readonly v: bigint;
  readonly r: bigint;
  readonly s: bigint;
  /** The fields before the signature, as decoded: what was signed. */
  readonly body: readonly RlpItem[];
  /** Integers of these bytes, in their order: none may begin with a zero. */
  readonly integers: readonly Uint8Array[];
  /** Undefined for legacy transactions. */
  readonly accessList: RlpItem | undefined;
}

/**
 * Reads the type and the fields of a transaction of any chain.
 * @throws EXECUTION_TX_OVERSIZED, EXECUTION_TX_TYPE_UNSUPPORTED, EXECUTION_TX_MALFORMED
 */
export function readShape(raw: Uint8Array): TransactionShape {
  if (raw.length > MAX_TRANSACTION_BYTES) {
    throw executionError('EXECUTION_TX_OVERSIZED', `oversized data: transaction size ${raw.length}, limit ${MAX_TRANSACTION_BYTES}`);
  }
  const first = raw[0];
  if (first === undefined) throw malformed('transaction is empty');
  const type = first >= FIRST_LIST_BYTE ? 0 : first;
  const count = FIELDS_OF_TYPE[type];
  if (count === undefined || first === 0) {
    throw executionError('EXECUTION_TX_TYPE_UNSUPPORTED', `transaction type not supported: ${first}; send type 0, 1 or 2`);
  }
  const fields = decodeList(type === 0 ? raw : raw.subarray(1));
  if (fields.length !== count) throw malformed(`a signed transaction of type ${type} has ${count} fields, not ${fields.length}`);
  const field = (index: number): Uint8Array => {
    const value = fields[index];
    if (!(value instanceof Uint8Array)) throw malformed(`field ${index} of the transaction is a list`);
    return value;
  };
  // Typed transactions begin with the chain id; type 2 has two fees where the others have a gas price.
  const offset = type === 0 ? 0 : 1;
  const feeFields = type === 2 ? 2 : 1;
  const gasLimitAt = offset + 1 + feeFields;
  const integers = [
    ...(type === 0 ? [] : [field(0)]),
    ...[offset, offset + 1, offset + feeFields, gasLimitAt, gasLimitAt + 2, count - 3, count - 2, count - 1].map(field),
  ];
  const v = integer(field(count - 3));
  const r = field(count - 2);
  const s = field(count - 1);
  return {
    type,
    chainId: type === 0 ? chainIdOfV(v) : integer(field(0)),
    nonce: integer(field(offset)),
    gasLimit: integer(field(gasLimitAt)),
    maxPriorityFeePerGas: integer(field(offset + 1)),
    maxFeePerGas: integer(field(offset + feeFields)),
    to: field(gasLimitAt + 1),
    value: integer(field(gasLimitAt + 2)),
    data: field(gasLimitAt + 3),
    isSigned: r.length > 0 && s.length > 0,
    v,
    r: integer(r),
    s: integer(s),
    body: fields.slice(0, count - 3),
    integers,
    accessList: type === 0 ? undefined : fields[count - 4],
  };
}

/** @throws EXECUTION_TX_MALFORMED when it is not a list of pairs of an address and slots */
export function readAccessList(item: RlpItem): readonly AccessListItem[] {
  if (item instanceof Uint8Array) throw malformed('the access list is no list');
  return item.map((entry) => {
    const [address, storageKeys] = entry;
    if (entry instanceof Uint8Array || entry.length !== 2) throw malformed('an item of the access list is no pair');
    if (!isAddress(address as RlpItem)) throw malformed('an address of the access list has not 20 bytes');
    if (!Array.isArray(storageKeys) || !storageKeys.every(isWord)) throw malformed('a slot of the access list has not 32 bytes');
    return { address: address as Address, storageKeys };
  });
}

function isAddress(item: RlpItem): boolean {
  return item instanceof Uint8Array && item.length === ADDRESS_BYTES;
}

function isWord(item: RlpItem): item is Uint8Array {
  return item instanceof Uint8Array && item.length === MAX_INTEGER_BYTES;
}

function decodeList(bytes: Uint8Array): readonly RlpItem[] {
  let value: RlpItem;
  try {
    value = decodeRlp(bytes);
  } catch (cause) {
    throw executionError('EXECUTION_TX_MALFORMED', `transaction is not RLP: ${messageOf(cause)}`, { cause });
  }
  if (value instanceof Uint8Array) throw malformed('transaction is not an RLP list');
  return value;
}

function integer(bytes: Uint8Array): bigint {
  if (bytes.length > MAX_INTEGER_BYTES) throw malformed('an integer of the transaction exceeds 256 bits');
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`);
}

/** EIP-155: v = 2 · chain id + 35 or 36. */
function chainIdOfV(v: bigint): bigint | undefined {
  return v < 35n ? undefined : (v - 35n) / 2n;
}

function malformed(why: string) {
  return executionError('EXECUTION_TX_MALFORMED', why);
}
