import type { NodeView } from '../../chain/view.ts';
import { decodeHeader, type HeaderView } from '../../execution/block-view.ts';
import { WEI_PER_GWEI } from '../../primitives/units.ts';

/** Blocks are rarely full: a token tip is enough. */
export const SUGGESTED_TIP_WEI = WEI_PER_GWEI;

/** What the next block asks for a unit of gas, wei: a transaction sent now is judged by it. */
export function baseFeeOfNextBlock(view: NodeView): bigint {
  const head = view.execution.block('latest');
  return head === undefined ? 0n : nextBaseFeePerGas(decodeHeader(head));
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
