import { errorDomain } from './errors.ts';

/** 1 POL = 10^18 wei; rewards are whole gwei because EIP-4895 withdrawals are. */
export const WEI_PER_POL = 10n ** 18n;
export const WEI_PER_GWEI = 10n ** 9n;

const unitError = errorDomain({
  AMOUNT_INVALID: { explanation: 'An amount of POL is a decimal number with at most 18 decimals.', http: 400, jsonRpc: -32602 },
});

/**
 * Wei from decimal POL text such as "10" or "0.25".
 * @throws AMOUNT_INVALID
 */
export function parsePol(text: string): bigint {
  const match = /^(\d+)(?:\.(\d{1,18}))?$/.exec(text.trim());
  if (match === null) {
    throw unitError('AMOUNT_INVALID', `"${text}" is not an amount of POL: write a number such as 10 or 0.25, at most 18 decimals`);
  }
  return BigInt(match[1] as string) * WEI_PER_POL + BigInt((match[2] ?? '').padEnd(18, '0'));
}

/** Exact decimal POL text of an amount in wei, without trailing zeros: 1500000000000000000n → "1.5". */
export function formatPol(wei: bigint): string {
  const sign = wei < 0n ? '-' : '';
  const absolute = wei < 0n ? -wei : wei;
  const fraction = (absolute % WEI_PER_POL).toString().padStart(18, '0').replace(/0+$/, '');
  return `${sign}${absolute / WEI_PER_POL}${fraction === '' ? '' : `.${fraction}`}`;
}
