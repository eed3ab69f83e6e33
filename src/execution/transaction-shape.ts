import { RLP } from '@ethereumjs/rlp';
import { messageOf } from '../primitives/errors.ts';
import { executionError } from './errors.ts';
import { MAX_TRANSACTION_BYTES } from './limits.ts';

/** A legacy transaction is an RLP list, whose first byte lies from here on (EIP-2718). */
const FIRST_LIST_BYTE = 0xc0;
/** Number of fields of legacy (EIP-155), access list (EIP-2930) and fee market (EIP-1559) transactions, signed. */
const FIELDS_OF_TYPE: readonly number[] = [9, 11, 12];

/** The fields that rules are checked on before anything is built from them. Integers of any length. */
export interface TransactionShape {
  readonly type: number;
  /** Undefined in a legacy transaction from before EIP-155. */
  readonly chainId: bigint | undefined;
  readonly isSigned: boolean;
  readonly s: bigint;
  readonly createsContract: boolean;
  readonly dataBytes: number;
  /** wei; the gas price of types 0 and 1 */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
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
  if (first === undefined) throw executionError('EXECUTION_TX_MALFORMED', 'transaction is empty');
  const type = first >= FIRST_LIST_BYTE ? 0 : first;
  const count = FIELDS_OF_TYPE[type];
  if (count === undefined || first === 0) {
    throw executionError('EXECUTION_TX_TYPE_UNSUPPORTED', `transaction type not supported: ${first}; send type 0, 1 or 2`);
  }
  const fields = decodeList(type === 0 ? raw : raw.subarray(1));
  if (fields.length !== count) {
    throw executionError('EXECUTION_TX_MALFORMED', `a signed transaction of type ${type} has ${count} fields, not ${fields.length}`);
  }
  const field = (index: number): Uint8Array => {
    const value = fields[index];
    if (!(value instanceof Uint8Array)) throw executionError('EXECUTION_TX_MALFORMED', `field ${index} of the transaction is a list`);
    return value;
  };
  // Typed transactions begin with the chain id; type 2 has two fees where the others have a gas price.
  const offset = type === 0 ? 0 : 1;
  const feeFields = type === 2 ? 2 : 1;
  const gasLimitAt = offset + 1 + feeFields;
  const v = integer(field(count - 3));
  const r = field(count - 2);
  const s = field(count - 1);
  return {
    type,
    chainId: type === 0 ? chainIdOfV(v) : integer(field(0)),
    isSigned: r.length > 0 && s.length > 0,
    s: integer(s),
    createsContract: field(gasLimitAt + 1).length === 0,
    dataBytes: field(gasLimitAt + 3).length,
    maxPriorityFeePerGas: integer(field(offset + 1)),
    maxFeePerGas: integer(field(offset + feeFields)),
  };
}

function decodeList(bytes: Uint8Array): readonly unknown[] {
  let value: unknown;
  try {
    value = RLP.decode(bytes);
  } catch (cause) {
    throw executionError('EXECUTION_TX_MALFORMED', `transaction is not RLP: ${messageOf(cause)}`, { cause });
  }
  if (!Array.isArray(value)) throw executionError('EXECUTION_TX_MALFORMED', 'transaction is not an RLP list');
  return value;
}

function integer(bytes: Uint8Array): bigint {
  if (bytes.length > 32) throw executionError('EXECUTION_TX_MALFORMED', 'an integer of the transaction exceeds 256 bits');
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** EIP-155: v = 2 · chain id + 35 or 36. */
function chainIdOfV(v: bigint): bigint | undefined {
  return v < 35n ? undefined : (v - 35n) / 2n;
}
