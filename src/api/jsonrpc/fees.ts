import { WEI_PER_GWEI } from '../../primitives/units.ts';

/** Blocks are rarely full: a token tip is enough. */
export const SUGGESTED_TIP_WEI = WEI_PER_GWEI;
