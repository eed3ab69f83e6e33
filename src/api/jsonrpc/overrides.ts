import type { Overrides } from '../../execution/engine.ts';
import type { AccountOverride, BlockOverrides } from '../../execution/overrides.ts';
import { apiError } from '../errors.ts';
import { MAX_OVERRIDDEN_ACCOUNTS, MAX_OVERRIDDEN_SLOTS } from '../limits.ts';
import {
  isGiven,
  numberToBytes32,
  optionalFields,
  parseAddress,
  parseBytes,
  parseHash,
  parseLooseQuantity,
  parseObject,
  parseQuantity,
} from './parse.ts';

/** The last two parameters of eth_call and its kin. @throws API_INVALID_REQUEST */
export function parseOverrides(state: unknown, block: unknown): Overrides {
  return {
    ...(isGiven(state) ? { state: parseStateOverrides(state, 'stateOverrides') } : {}),
    ...(isGiven(block) ? { block: parseBlockOverrides(block, 'blockOverrides') } : {}),
  };
}

/** Accounts by address. @throws API_INVALID_REQUEST */
export function parseStateOverrides(value: unknown, name: string): readonly AccountOverride[] {
  const accounts = Object.entries(parseObject(value, name));
  if (accounts.length > MAX_OVERRIDDEN_ACCOUNTS) {
    throw apiError('API_INVALID_REQUEST', `invalid argument ${name}: at most ${MAX_OVERRIDDEN_ACCOUNTS} accounts`);
  }
  return accounts.map(([address, account]) => {
    const place = `${name}.${address}`;
    const optional = optionalFields(parseObject(account, place), place);
    return {
      address: parseAddress(address, place),
      ...optional('nonce', 'nonce', parseQuantity),
      ...optional('balance', 'balance', parseQuantity),
      ...optional('code', 'code', (v, n) => parseBytes(v, n)),
      ...optional('state', 'state', parseSlots),
      ...optional('stateDiff', 'stateDiff', parseSlots),
      ...optional('movePrecompileTo', 'movePrecompileToAddress', parseAddress),
    };
  });
}

/** @throws API_INVALID_REQUEST */
export function parseBlockOverrides(value: unknown, name: string): BlockOverrides {
  const optional = optionalFields(parseObject(value, name), name);
  return {
    ...optional('number', 'number', parseLooseQuantity),
    ...optional('time', 'time', parseLooseQuantity),
    ...optional('gasLimit', 'gasLimit', parseLooseQuantity),
    ...optional('feeRecipient', 'feeRecipient', parseAddress),
    ...optional('feeRecipient', 'coinbase', parseAddress),
    ...optional('prevRandao', 'prevRandao', (v, n) => numberToBytes32(parseQuantity(v, n))),
    ...optional('prevRandao', 'random', (v, n) => numberToBytes32(parseQuantity(v, n))),
    ...optional('baseFeePerGas', 'baseFeePerGas', parseLooseQuantity),
    ...optional('baseFeePerGas', 'baseFee', parseLooseQuantity),
    ...optional('blobBaseFee', 'blobBaseFee', parseLooseQuantity),
  };
}

function parseSlots(value: unknown, name: string): NonNullable<AccountOverride['state']> {
  const slots = Object.entries(parseObject(value, name));
  if (slots.length > MAX_OVERRIDDEN_SLOTS)
    throw apiError('API_INVALID_REQUEST', `invalid argument ${name}: at most ${MAX_OVERRIDDEN_SLOTS} slots`);
  return slots.map(([slot, word]) => [parseHash(slot, name), parseHash(word, `${name}.${slot}`)] as const);
}
