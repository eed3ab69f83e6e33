import type { BlockHeader } from '@ethereumjs/block';
import type { StakeRequest } from '../contracts/stake-requests.ts';
import type { Write } from '../store/kv.ts';
import type { ExecutedBlock } from './block-execution.ts';
import type { ExecutionHead, Payload, PayloadAttributes } from './engine.ts';
import { blockWrites } from './records.ts';

/** An executed block that may become the next head. */
export interface Candidate {
  readonly payload: Payload;
  readonly head: ExecutionHead;
  /** Everything the store lacks of it. */
  readonly writes: readonly Write[];
}

/** Facts of a block as head of the chain. */
export function headOf(header: BlockHeader, stakeRequests: readonly StakeRequest[]): ExecutionHead {
  return {
    number: Number(header.number),
    hash: header.hash(),
    stateRoot: header.stateRoot,
    timestamp: Number(header.timestamp),
    baseFeePerGas: header.baseFeePerGas ?? 0n,
    // Blocks before London, which only imported chains have, ask for none.
    nextBaseFeePerGas: header.baseFeePerGas === undefined ? 0n : header.calcNextBaseFee(),
    gasLimit: header.gasLimit,
    stakeRequests,
  };
}

/** Keeps of an execution what committing it needs; the state it went through is let go. */
export function candidateOf(
  header: BlockHeader,
  bytes: Uint8Array,
  { receipts, stateWrites, stakeRequests }: Pick<ExecutedBlock, 'receipts' | 'stateWrites' | 'stakeRequests'>,
  { systemWrites = [] }: Pick<PayloadAttributes, 'systemWrites'>,
): Candidate {
  const head = headOf(header, stakeRequests);
  const { number, hash, stateRoot } = head;
  return {
    head,
    payload: { hash, bytes, number, stateRoot, transactionCount: receipts.length },
    writes: [...stateWrites, ...blockWrites({ number, hash, stateRoot, bytes, receipts, systemWrites })],
  };
}
