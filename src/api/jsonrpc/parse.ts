import type { BlockReference, CallRequest } from '../../execution/engine.ts';
import { fromHex } from '../../primitives/bytes.ts';
import { ADDRESS_BYTES, type Address } from '../../primitives/keys.ts';
import { apiError } from '../errors.ts';

/** Readers of JSON-RPC parameters. Each names the parameter in its error (-32602). */

const invalid = (name: string, rule: string) => apiError('API_INVALID_REQUEST', `invalid argument ${name}: ${rule}`);

export function parseText(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalid(name, value === undefined ? 'missing value' : 'must be a string');
  return value;
}

/** A quantity: 0x-hexadecimal without leading zeros. Leading zeros are let pass, as geth's clients send them. */
export function parseQuantity(value: unknown, name: string): bigint {
  const text = parseText(value, name);
  if (!/^0x[0-9a-fA-F]{1,64}$/.test(text)) throw invalid(name, `"${text.slice(0, 80)}" is not a 0x-hexadecimal quantity`);
  return BigInt(text);
}

export function parseBytes(value: unknown, name: string, length?: number): Uint8Array {
  const text = parseText(value, name);
  try {
    return fromHex(text, length);
  } catch (cause) {
    throw apiError(
      'API_INVALID_REQUEST',
      `invalid argument ${name}: ${length === undefined ? 'must be' : `must be ${length} bytes of`} 0x-hexadecimal`,
      {
        cause,
      },
    );
  }
}

const HASH_BYTES = 32;
export const parseAddress = (value: unknown, name: string): Address => parseBytes(value, name, ADDRESS_BYTES);
export const parseHash = (value: unknown, name: string): Uint8Array => parseBytes(value, name, HASH_BYTES);

export function parseBoolean(value: unknown, name: string): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw invalid(name, 'must be true or false');
  return value;
}

const LATEST_TAGS = new Set(['latest', 'safe', 'finalized', 'pending']);

/**
 * A block tag, number, hash, or EIP-1898 object. Every block is final, so safe and finalized are the latest; so is pending
 * for state. Left out it is the latest, too.
 */
export function parseBlock(value: unknown, name: string): BlockReference {
  if (value === undefined || value === null) return 'latest';
  if (typeof value === 'object') {
    const { blockNumber, blockHash } = value as Record<string, unknown>;
    if ((blockHash === undefined) === (blockNumber === undefined)) throw invalid(name, 'needs either blockHash or blockNumber');
    if (blockHash !== undefined) return parseHash(blockHash, `${name}.blockHash`);
    return parseBlock(blockNumber, `${name}.blockNumber`);
  }
  const text = parseText(value, name);
  if (LATEST_TAGS.has(text)) return 'latest';
  if (text === 'earliest') return 0;
  if (text.length === 2 + 2 * HASH_BYTES) return parseHash(text, name);
  const number = parseQuantity(text, name);
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(name, 'block number is too large');
  return Number(number);
}

export interface TransactionRequest extends CallRequest {
  readonly chainId?: bigint;
}

export const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

export function parseObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(name, 'must be an object');
  return value as Record<string, unknown>;
}

export function parseArray(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(name, 'must be an array');
  return value;
}

/** A reader of optional fields: `{}` or `{ key: value }`, to be spread. */
export function optionalFields(fields: Readonly<Record<string, unknown>>, name: string) {
  return <K extends string, T>(key: K, field: string, parse: (value: unknown, name: string) => T): { [key in K]?: T } =>
    (isGiven(fields[field]) ? { [key]: parse(fields[field], `${name}.${field}`) } : {}) as { [key in K]?: T };
}

/** A number that an object's field may also give as a JSON number. */
export function parseLooseQuantity(value: unknown, name: string): bigint {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : parseQuantity(value, name);
}

/** EIP-2930's list, or null for none. */
function parseAccessList(value: unknown, name: string): NonNullable<CallRequest['accessList']> {
  return parseArray(value, name).map((item, i) => {
    const { address, storageKeys } = parseObject(item, `${name}[${i}]`);
    return {
      address: parseAddress(address, `${name}[${i}].address`),
      storageKeys: isGiven(storageKeys)
        ? parseArray(storageKeys, `${name}[${i}].storageKeys`).map((key, j) => parseHash(key, `${name}[${i}].storageKeys[${j}]`))
        : [],
    };
  });
}

/** A transaction or call object. `input` and `data` mean the same; two different ones are refused, as geth does. */
export function parseTransaction(value: unknown, name: string): TransactionRequest {
  const fields = parseObject(value, name);
  const given = (field: string) => isGiven(fields[field]);
  if (given('data') && given('input') && fields.data !== fields.input) throw invalid(name, 'both "data" and "input" are set and not equal');
  if (given('gasPrice') && (given('maxFeePerGas') || given('maxPriorityFeePerGas'))) {
    throw invalid(name, 'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified');
  }
  const optional = optionalFields(fields, name);
  return {
    ...optional('from', 'from', parseAddress),
    ...optional('to', 'to', parseAddress),
    ...optional('value', 'value', parseQuantity),
    ...optional('data', given('input') ? 'input' : 'data', (v, n) => parseBytes(v, n)),
    ...optional('gas', 'gas', parseQuantity),
    ...optional('gasPrice', 'gasPrice', parseQuantity),
    ...optional('maxFeePerGas', 'maxFeePerGas', parseQuantity),
    ...optional('maxPriorityFeePerGas', 'maxPriorityFeePerGas', parseQuantity),
    ...optional('nonce', 'nonce', parseQuantity),
    ...optional('chainId', 'chainId', parseQuantity),
    ...optional('accessList', 'accessList', parseAccessList),
    ...optional('maxFeePerBlobGas', 'maxFeePerBlobGas', parseQuantity),
    ...optional('blobVersionedHashes', 'blobVersionedHashes', (v, n) => parseArray(v, n).map((hash, i) => parseHash(hash, `${n}[${i}]`))),
    ...optional('authorizations', 'authorizationList', (v, n) => parseArray(v, n).length),
  };
}

/** A storage slot of at most 32 bytes, as a word; an odd digit is let pass. */
export function parseSlot(value: unknown, name: string): Uint8Array {
  const text = parseText(value, name);
  if (!/^(0x)?[0-9a-fA-F]*$/.test(text)) throw invalid(name, `invalid hex in storage key: "${text.slice(0, 80)}"`);
  const digits = text.replace(/^0x/, '');
  if (digits.length > 2 * HASH_BYTES) throw invalid(name, `storage key too long (want at most 32 bytes): "${text.slice(0, 80)}"`);
  return fromHex(`0x${digits.padStart(2 * HASH_BYTES, '0')}`);
}

/** The 32-byte big-endian word of a storage slot's number. */
export function numberToBytes32(value: bigint): Uint8Array {
  return fromHex(`0x${value.toString(16).padStart(64, '0')}`);
}
