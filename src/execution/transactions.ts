import { createFeeMarket1559Tx, createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import { Address as EthereumAddress } from '@ethereumjs/util';
import { equalBytes } from '../primitives/bytes.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import { type Address, type Signer, signerFromPrivateKey } from '../primitives/keys.ts';
import { chainRules } from './chain-rules.ts';
import { executionError } from './errors.ts';
import { MAX_INIT_CODE_BYTES } from './limits.ts';
import { readShape } from './transaction-shape.ts';

/** secp256k1's order halved (EIP-2). */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** A signed transaction that is valid apart from its sender's balance and nonce. */
export interface DecodedTransaction {
  readonly hash: Hash;
  readonly type: number;
  readonly from: Address;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** wei; the gas price of types 0 and 1 */
  readonly maxFeePerGas: bigint;
  /** wei; the gas price of types 0 and 1 */
  readonly maxPriorityFeePerGas: bigint;
  /** Undefined creates a contract. */
  readonly to: Address | undefined;
  /** wei */
  readonly value: bigint;
  readonly data: Uint8Array;
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
}

/**
 * Decodes EIP-2718 bytes, recovers the sender, and checks all that needs no state.
 * @throws EXECUTION_TX_*
 */
export function decodeTransaction(raw: Uint8Array, chainId: number): DecodedTransaction {
  const transaction = parseTransaction(raw, chainId);
  return {
    hash: transaction.hash(),
    type: transaction.type,
    from: transaction.getSenderAddress().bytes,
    nonce: transaction.nonce,
    gasLimit: transaction.gasLimit,
    ...feesOf(transaction),
    to: transaction.to?.bytes,
    value: transaction.value,
    data: transaction.data,
    raw,
  };
}

/**
 * The same, as EthereumJS's object. Every transaction of a block passes here, whoever built the block.
 * @throws EXECUTION_TX_*
 */
export function parseTransaction(raw: Uint8Array, chainId: number): TypedTransaction {
  // 1. Its size is bounded, its type is 0, 1 or 2, and it has that type's fields.
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
  if (shape.createsContract && shape.dataBytes > MAX_INIT_CODE_BYTES) {
    throw executionError(
      'EXECUTION_TX_INIT_CODE_TOO_LARGE',
      `max initcode size exceeded: code size ${shape.dataBytes} limit ${MAX_INIT_CODE_BYTES}`,
    );
  }
  // 4. Every field lies in its range, and these bytes are its one encoding.
  let transaction: TypedTransaction;
  try {
    transaction = createTxFromRLP(raw, { common: chainRules(BigInt(chainId)) });
  } catch (cause) {
    throw executionError('EXECUTION_TX_MALFORMED', `malformed transaction: ${messageOf(cause)}`, { cause });
  }
  if (!equalBytes(transaction.serialize(), raw)) throw executionError('EXECUTION_TX_MALFORMED', 'transaction is not in canonical RLP');
  // 5. The signature recovers a key.
  try {
    transaction.getSenderPublicKey();
  } catch (cause) {
    throw executionError('EXECUTION_TX_SENDER_INVALID', 'invalid sender: the signature recovers no key', { cause });
  }
  // 6. The gas limit pays at least for the transaction's bytes.
  const least = transaction.getIntrinsicGas();
  if (transaction.gasLimit < least) {
    throw executionError('EXECUTION_TX_GAS_TOO_LOW', `intrinsic gas too low: gas ${transaction.gasLimit}, minimum needed ${least}`);
  }
  return transaction;
}

/** Both limits in wei; types 0 and 1 have one price for both. */
export function feesOf(transaction: TypedTransaction): { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint } {
  if ('maxFeePerGas' in transaction) {
    return { maxFeePerGas: transaction.maxFeePerGas, maxPriorityFeePerGas: transaction.maxPriorityFeePerGas };
  }
  return { maxFeePerGas: transaction.gasPrice, maxPriorityFeePerGas: transaction.gasPrice };
}

/** What the sender pays for a unit of gas in a block with this base fee, wei (EIP-1559). */
export function effectiveGasPrice(transaction: TypedTransaction, baseFeePerGas: bigint): bigint {
  const { maxFeePerGas, maxPriorityFeePerGas } = feesOf(transaction);
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
  const { to, ...rest } = fields;
  let unsigned: ReturnType<typeof createFeeMarket1559Tx>;
  try {
    unsigned = createFeeMarket1559Tx(
      { ...rest, ...(to === undefined ? {} : { to: new EthereumAddress(to) }) },
      { common: chainRules(BigInt(fields.chainId)) },
    );
  } catch (cause) {
    throw executionError('EXECUTION_TX_MALFORMED', `transaction cannot be signed: ${messageOf(cause)}`, { cause });
  }
  const signature = signer.sign(unsigned.getHashedMessageToSign());
  const yParity = BigInt(signature[64] ?? 0);
  const raw = unsigned.addSignature(yParity, signature.subarray(0, 32), signature.subarray(32, 64)).serialize();
  // What this returns is what a node accepts.
  parseTransaction(raw, fields.chainId);
  return raw;
}
