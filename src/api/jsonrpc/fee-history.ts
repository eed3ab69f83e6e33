import type { NodeView } from '../../chain/view.ts';
import { type BlockView, effectiveGasPriceOf } from '../../execution/block-view.ts';
import type { BlockReference } from '../../execution/engine.ts';
import { apiError } from '../errors.ts';
import { MAX_FEE_HISTORY_BLOCKS } from '../limits.ts';
import { blockAt } from './blocks.ts';
import { nextBaseFeePerGas } from './fees.ts';
import { quantity } from './format.ts';

/** Ascending percentages from 0 to 100, or nothing. @throws API_INVALID_REQUEST */
export function parsePercentiles(value: unknown): readonly number[] | undefined {
  if (value === undefined || value === null) return undefined;
  const valid =
    Array.isArray(value) &&
    value.every((item, i) => typeof item === 'number' && item >= 0 && item <= 100 && (i === 0 || item >= (value[i - 1] as number)));
  if (!valid) throw apiError('API_INVALID_REQUEST', 'invalid argument rewardPercentiles: must be ascending numbers from 0 to 100');
  return value as number[];
}

/** eth_feeHistory. Base fees have one entry more than blocks: the next block's. */
export function feeHistory(view: NodeView, count: bigint, newest: BlockReference, percentiles: readonly number[] | undefined) {
  const last = blockAt(view, newest);
  if (last === undefined) throw apiError('API_NOT_FOUND', 'newestBlock: there is no such block');
  const wanted = Math.min(Number(count), MAX_FEE_HISTORY_BLOCKS, last.header.number + 1);
  const blocks: BlockView[] = [];
  for (let number = last.header.number - wanted + 1; number <= last.header.number; number++) {
    const block = blockAt(view, number);
    if (block !== undefined) blocks.push(block);
  }
  return {
    oldestBlock: quantity(last.header.number - blocks.length + 1),
    baseFeePerGas: [...blocks.map(({ header }) => header.baseFeePerGas), nextBaseFeePerGas(last.header)].map(quantity),
    gasUsedRatio: blocks.map(({ header }) => Number(header.gasUsed) / Number(header.gasLimit)),
    ...(percentiles === undefined ? {} : { reward: blocks.map((block) => rewards(view, block, percentiles).map(quantity)) }),
  };
}

/** Tips at percentiles of a block's gas, cheapest first. */
function rewards(view: NodeView, block: BlockView, percentiles: readonly number[]): readonly bigint[] {
  const { header, transactions } = block;
  const receipts = view.execution.receipts(header.number) ?? [];
  const tips = transactions
    .map((transaction, i) => ({
      tip: effectiveGasPriceOf(transaction, header.baseFeePerGas) - header.baseFeePerGas,
      gas: receipts[i]?.gasUsed ?? 0n,
    }))
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
