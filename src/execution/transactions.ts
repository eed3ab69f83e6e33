import { createFeeMarket1559Tx, createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import { Address as EthereumAddress } from '@ethereumjs/util';
import { encodeRlp } from '../codec/rlp.ts';
import { concatBytes } from '../primitives/bytes.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import { ADDRESS_BYTES, type Address, type Signer, signerFromPrivateKey } from '../primitives/keys.ts';
import { chainRules } from './chain-rules.ts';
import { addressOfKey, fastKeccak256, recoverKey, recoveryOf } from './crypto.ts';
import { executionError } from './errors.ts';
import { MAX_INIT_CODE_BYTES } from './limits.ts';
import { intrinsicGas } from './message.ts';
import { integerBytes } from './state/rlp-parts.ts';
import { readAccessList, readShape, type TransactionShape } from './transaction-shape.ts';
import type { AccessListItem } from './transaction-view.ts';

/** secp256k1's order halved (EIP-2). */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_UINT256 = 2n ** 256n - 1n;

/** A signed transaction that is valid apart from its sender's balance and nonce. */
export interface DecodedTransaction {
  readonly hash: Hash;
  readonly type: number;
  readonly from: Address;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** Gas that its bytes cost before any instruction: what a transfer uses. */
  readonly intrinsicGas: bigint;
  /** wei; the gas price of types 0 and 1 */
  readonly maxFeePerGas: bigint;
  /** wei; the gas price of types 0 and 1 */
  readonly maxPriorityFeePerGas: bigint;
  /** Undefined creates a contract. */
  readonly to: Address | undefined;
  /** wei */
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly accessList: readonly AccessListItem[];
  /** EIP-2718 bytes as signed. */
  readonly raw: Uint8Array;
}

/** What an EIP-1559 transaction says before it is signed. Fees and value in wei. */
export interface TransactionFields {
  readonly chainId: number;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  /** Undefined creates a contract. */
  readonly to: Address | undefined;
  readonly value: bigint;
  readonly data: Uint8Array;
  /** EIP-2930's, empty when absent. */
  readonly accessList?: readonly AccessListItem[];
}

/**
 * Decodes EIP-2718 bytes, recovers the sender, and checks all that needs no state. Every transaction of a block passes here, whoever
 * built the block. The rules are EthereumJS's, which `parseTransaction` still applies to what its EVM runs; a test holds the two
 * against each other.
 * @throws EXECUTION_TX_*
 */
export function decodeTransaction(raw: Uint8Array, chainId: number): DecodedTransaction {
  // 1. Its size is bounded, its type is 0, 1 or 2, and it is the one encoding of that type's fields.
  const shape = readShape(raw);
  // 2. It is signed, for this chain, by the lower of the two signatures that a key has (EIP-2).
  if (!shape.isSigned) throw executionError('EXECUTION_TX_UNSIGNED', 'invalid sender: the transaction is not signed');
  if (shape.chainId === undefined) {
    throw executionError('EXECUTION_TX_NOT_PROTECTED', 'only replay-protected (EIP-155) transactions allowed: sign with the chain id');
  }
  if (shape.chainId !== BigInt(chainId)) {
    throw executionError('EXECUTION_TX_WRONG_CHAIN', `invalid chain id for signer: have ${shape.chainId} want ${chainId}`);
  }
  if (shape.s > HALF_ORDER) throw executionError('EXECUTION_TX_SENDER_INVALID', 'invalid sender: the signature has a high s');
  // 3. Its fees agree, and its init code fits.
  if (shape.maxPriorityFeePerGas > shape.maxFeePerGas) {
    throw executionError(
      'EXECUTION_TX_TIP_ABOVE_FEE',
      `max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas ${shape.maxPriorityFeePerGas}, maxFeePerGas ${shape.maxFeePerGas}`,
    );
  }
  const createsContract = shape.to.length === 0;
  if (createsContract && shape.data.length > MAX_INIT_CODE_BYTES) {
    throw executionError(
      'EXECUTION_TX_INIT_CODE_TOO_LARGE',
      `max initcode size exceeded: code size ${shape.data.length} limit ${MAX_INIT_CODE_BYTES}`,
    );
  }
  // 4. Every field lies in its range (EIP-2681 for the nonce).
  const require = (holds: boolean, rule: string) => {
    if (!holds) throw executionError('EXECUTION_TX_MALFORMED', `malformed transaction: ${rule}`);
  };
  require(createsContract || shape.to.length === ADDRESS_BYTES, 'the recipient has not 20 bytes');
  require(!shape.integers.some((bytes) => bytes[0] === 0), 'an integer begins with a zero byte');
  require(shape.nonce < MAX_UINT64, 'the nonce exceeds 2^64 - 2');
  require(shape.gasLimit <= MAX_UINT64, 'the gas limit exceeds 2^64 - 1');
  require(shape.gasLimit * shape.maxFeePerGas <= MAX_UINT256, 'gas limit times fee exceeds 2^256 - 1');
  require(shape.type === 0 || shape.v <= 1n, 'the parity of the signature is neither 0 nor 1');
  const accessList = shape.accessList === undefined ? [] : readAccessList(shape.accessList);
  // 5. The signature recovers a key.
  const from = recoverSender(shape);
  // 6. The gas limit pays at least for the transaction's bytes.
  const to = createsContract ? undefined : shape.to;
  const { least } = intrinsicGas(chainRules(BigInt(chainId)), { data: shape.data, to, accessList, authorizations: 0 });
  if (shape.gasLimit < least) {
    throw executionError('EXECUTION_TX_GAS_TOO_LOW', `intrinsic gas too low: gas ${shape.gasLimit}, minimum needed ${least}`);
  }
  return {
    hash: fastKeccak256(raw),
    type: shape.type,
    from,
    nonce: shape.nonce,
    gasLimit: shape.gasLimit,
    intrinsicGas: least,
    maxFeePerGas: shape.maxFeePerGas,
    maxPriorityFeePerGas: shape.maxPriorityFeePerGas,
    to,
    value: shape.value,
    data: shape.data,
    accessList,
    raw,
  };
}

/** @throws EXECUTION_TX_SENDER_INVALID */
function recoverSender(shape: TransactionShape): Address {
  try {
    return addressOfKey(recoverKey(signatureOfShape(shape)));
  } catch (cause) {
    throw executionError('EXECUTION_TX_SENDER_INVALID', 'invalid sender: the signature recovers no key', { cause });
  }
}

/** What the sender signed, with the signature, in the form of crypto.ts; undefined when it does not decode. */
export function signatureOf(raw: Uint8Array): Uint8Array | undefined {
  try {
    const shape = readShape(raw);
    return shape.isSigned ? signatureOfShape(shape) : undefined;
  } catch (error) {
    if (isPolError(error)) return undefined;
    throw error;
  }
}

function signatureOfShape({ type, chainId, v, r, s, body }: TransactionShape): Uint8Array {
  const protection = type === 0 ? [integerBytes(chainId ?? 0n), integerBytes(0), integerBytes(0)] : [];
  const payload = encodeRlp([...body, ...protection]);
  const digest = fastKeccak256(type === 0 ? payload : concatBytes(Uint8Array.of(type), payload));
  return recoveryOf(digest, type === 0 ? v - 35n - 2n * (chainId ?? 0n) : v, integerBytes(r), integerBytes(s));
}

/**
 * A decoded transaction as EthereumJS's object, for its EVM.
 * @throws EXECUTION_TX_MALFORMED
 */
export function parseTransaction(raw: Uint8Array, chainId: number): TypedTransaction {
  try {
    return createTxFromRLP(raw, { common: chainRules(BigInt(chainId)) });
  } catch (cause) {
    throw executionError('EXECUTION_TX_MALFORMED', `malformed transaction: ${messageOf(cause)}`, { cause });
  }
}

/** Both limits in wei; types 0 and 1 have one price for both. */
export function feesOf(transaction: TypedTransaction): { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint } {
  if ('maxFeePerGas' in transaction) {
    return { maxFeePerGas: transaction.maxFeePerGas, maxPriorityFeePerGas: transaction.maxPriorityFeePerGas };
  }
  return { maxFeePerGas: transaction.gasPrice, maxPriorityFeePerGas: transaction.gasPrice };
}

/** What the sender pays for a unit of gas in a block with this base fee, wei (EIP-1559). */
export function effectiveGasPrice(
  { maxFeePerGas, maxPriorityFeePerGas }: Pick<DecodedTransaction, 'maxFeePerGas' | 'maxPriorityFeePerGas'>,
  baseFeePerGas: bigint,
): bigint {
  const offered = baseFeePerGas + maxPriorityFeePerGas;
  return offered < maxFeePerGas ? offered : maxFeePerGas;
}

/**
 * Signs an EIP-1559 transaction.
 * @returns EIP-2718 bytes, ready to be submitted
 * @throws KEY_INVALID, EXECUTION_TX_*
 */
export function signTransaction(fields: TransactionFields, key: Signer | Uint8Array): Uint8Array {
  const signer = key instanceof Uint8Array ? signerFromPrivateKey(key) : key;
  const { to, accessList = [], ...rest } = fields;
  let unsigned: ReturnType<typeof createFeeMarket1559Tx>;
  try {
    unsigned = createFeeMarket1559Tx(
      {
        ...rest,
        accessList: accessList.map(({ address, storageKeys }): [Uint8Array, Uint8Array[]] => [address, [...storageKeys]]),
        ...(to === undefined ? {} : { to: new EthereumAddress(to) }),
      },
      { common: chainRules(BigInt(fields.chainId)) },
    );
  } catch (cause) {
    throw executionError('EXECUTION_TX_MALFORMED', `transaction cannot be signed: ${messageOf(cause)}`, { cause });
  }
  const signature = signer.sign(unsigned.getHashedMessageToSign());
  const yParity = BigInt(signature[64] ?? 0);
  const raw = unsigned.addSignature(yParity, signature.subarray(0, 32), signature.subarray(32, 64)).serialize();
  // What this returns is what a node accepts.
  decodeTransaction(raw, fields.chainId);
  return raw;
}
