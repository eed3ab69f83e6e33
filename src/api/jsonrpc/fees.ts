import type { NodeView } from '../../chain/view.ts';
import type { HeaderView } from '../../execution/block-view.ts';
import { WEI_PER_GWEI } from '../../primitives/units.ts';
import { blockAt } from './blocks.ts';

/** Blocks are rarely full: a token tip is enough. */
export const SUGGESTED_TIP_WEI = WEI_PER_GWEI;

/** Of the last block; the next one's differs by at most an eighth (EIP-1559). */
export function baseFeePerGas(view: NodeView): bigint {
  return blockAt(view, 'latest')?.header.baseFeePerGas ?? 0n;
}

const ELASTICITY = 2n;
const MAX_CHANGE_DENOMINATOR = 8n;

/** What EIP-1559 makes of a block's fullness for the block after it. */
export function nextBaseFeePerGas({ baseFeePerGas: base, gasUsed, gasLimit }: HeaderView): bigint {
  const target = gasLimit / ELASTICITY;
  if (gasUsed === target) return base;
  if (gasUsed < target) return base - (base * (target - gasUsed)) / target / MAX_CHANGE_DENOMINATOR;
  const rise = (base * (gasUsed - target)) / target / MAX_CHANGE_DENOMINATOR;
  return base + (rise > 0n ? rise : 1n);
}
