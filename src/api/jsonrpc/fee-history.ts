import type { NodeView } from '../../chain/view.ts';
import { decodeHeader, type HeaderView } from '../../execution/block-view.ts';
import type { BlockReference } from '../../execution/engine.ts';
import { apiError } from '../errors.ts';
import { MAX_FEE_HISTORY_BLOCKS, MAX_FEE_HISTORY_PERCENTILES } from '../limits.ts';
import { nextBaseFeePerGas } from './fees.ts';
import { quantity } from './format.ts';

/** Ascending percentages from 0 to 100, or nothing. @throws API_INVALID_REQUEST */
export function parsePercentiles(value: unknown): readonly number[] | undefined {
  if (value === undefined || value === null) return undefined;
  const valid =
    Array.isArray(value) &&
    value.length <= MAX_FEE_HISTORY_PERCENTILES &&
    value.every((item, i) => typeof item === 'number' && item >= 0 && item <= 100 && (i === 0 || item >= (value[i - 1] as number)));
  if (!valid)
    throw apiError('API_INVALID_REQUEST', 'invalid argument rewardPercentiles: must be at most 100 ascending numbers from 0 to 100');
  return value as number[];
}

/** eth_feeHistory. Base fees have one entry more than blocks: the next block's. @throws API_NOT_FOUND, API_INVALID_REQUEST */
export function feeHistory(view: NodeView, count: bigint, newest: BlockReference, percentiles: readonly number[] | undefined) {
  const last = headerAt(view, newest);
  if (last === undefined) {
    throw apiError('API_NOT_FOUND', `request beyond head block: the head is ${view.chain.head().height}`);
  }
  if (count < 1n) return { oldestBlock: '0x0', baseFeePerGas: [], gasUsedRatio: [] };
  const wanted = Math.min(Number(count), MAX_FEE_HISTORY_BLOCKS, last.number + 1);
  const oldest = last.number - wanted + 1;
  const headers = Array.from({ length: wanted }, (_, i) => headerAt(view, oldest + i)).filter((header) => header !== undefined);
  return {
    oldestBlock: quantity(oldest),
    baseFeePerGas: [...headers.map((header) => header.baseFeePerGas), nextBaseFeePerGas(last)].map(quantity),
    gasUsedRatio: headers.map(({ gasUsed, gasLimit }) => Number(gasUsed) / Number(gasLimit)),
    ...(percentiles === undefined ? {} : { reward: headers.map((header) => rewards(view, header, percentiles).map(quantity)) }),
  };
}

/** Headers alone: the transactions of a thousand blocks would take seconds. */
function headerAt(view: NodeView, at: BlockReference): HeaderView | undefined {
  const bytes = view.execution.block(at);
  return bytes === undefined ? undefined : decodeHeader(bytes);
}

/** Tips at percentiles of a block's gas, cheapest first. */
function rewards(view: NodeView, header: HeaderView, percentiles: readonly number[]): readonly bigint[] {
  const tips = (view.execution.receipts(header.number) ?? [])
    .map(({ effectiveGasPrice, gasUsed }) => ({ tip: effectiveGasPrice - header.baseFeePerGas, gas: gasUsed }))
    .sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0));
  return percentiles.map((percentile) => {
    const threshold = (Number(header.gasUsed) * percentile) / 100;
    let gas = 0;
    for (const entry of tips) {
      gas += Number(entry.gas);
      if (gas >= threshold) return entry.tip;
    }
    return tips.at(-1)?.tip ?? 0n;
  });
}
