import type { NodeView } from '../../chain/view.ts';
import type { HeaderView } from '../../execution/block-view.ts';
import type { BlockReference } from '../../execution/engine.ts';
import { apiError } from '../errors.ts';
import { MAX_FEE_HISTORY_BLOCKS, MAX_FEE_HISTORY_PERCENTILES } from '../limits.ts';
import { headerAt } from './blocks.ts';
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

/** eth_feeHistory, from headers alone: the transactions of a thousand blocks would take seconds. Base fees have one entry more than blocks: the next block's. @throws API_NOT_FOUND, API_INVALID_REQUEST */
export function feeHistory(view: NodeView, count: bigint, newest: BlockReference, percentiles: readonly number[] | undefined) {
  const last = headerAt(view, newest);
  if (last === undefined) {
    throw apiError('API_NOT_FOUND', `request beyond head block: the head is ${view.chain.head().height}`);
  }
  if (count < 1n) return { oldestBlock: '0x0', baseFeePerGas: [], gasUsedRatio: [] };
  const wanted = Math.min(Number(count), MAX_FEE_HISTORY_BLOCKS, last.number + 1);
  const oldest = last.number - wanted + 1;
  const headers = Array.from({ length: wanted }, (_, i) => headerAt(view, oldest + i)).filter((header) => header !== undefined);
  const next = view.execution.nextFees(last.number);
  // The least price is 1 wei where no blob is in excess: here always.
  const blobFeeOf = (number: number, excess: bigint | undefined) =>
    excess === undefined ? 0n : excess === 0n ? 1n : view.execution.blobBaseFee(number);
  return {
    oldestBlock: quantity(oldest),
    baseFeePerGas: [...headers.map((header) => header.baseFeePerGas ?? 0n), next.baseFeePerGas].map(quantity),
    gasUsedRatio: headers.map(({ gasUsed, gasLimit }) => Number(gasUsed) / Number(gasLimit)),
    baseFeePerBlobGas: [...headers.map(({ number, excessBlobGas }) => blobFeeOf(number, excessBlobGas)), next.blobBaseFee].map(quantity),
    blobGasUsedRatio: headers.map(({ number, blobGasUsed = 0n }) =>
      blobGasUsed === 0n ? 0 : Number(blobGasUsed) / Number(view.execution.maxBlobGas(number)),
    ),
    ...(percentiles === undefined || percentiles.length === 0
      ? {}
      : { reward: headers.map((header) => rewards(view, header, percentiles).map(quantity)) }),
  };
}

/** Tips at percentiles of a block's gas, cheapest first. */
function rewards(view: NodeView, header: HeaderView, percentiles: readonly number[]): readonly bigint[] {
  const tips = (view.execution.receipts(header.number) ?? [])
    .map(({ effectiveGasPrice, gasUsed }) => ({ tip: effectiveGasPrice - (header.baseFeePerGas ?? 0n), gas: gasUsed }))
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
