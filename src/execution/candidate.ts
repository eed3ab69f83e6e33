import type { BlockHeader } from '@ethereumjs/block';
import type { Write } from '../store/kv.ts';
import type { ExecutionHead, Payload } from './engine.ts';
import type { ReceiptBody } from './receipts.ts';
import { blockWrites } from './records.ts';

/** An executed block that may become the next head. */
export interface Candidate {
  readonly payload: Payload;
  readonly head: ExecutionHead;
  /** Everything the store lacks of it. */
  readonly writes: readonly Write[];
}

/** Facts of a block as head of the chain. */
export function headOf(header: BlockHeader): ExecutionHead {
  return {
    number: Number(header.number),
    hash: header.hash(),
    stateRoot: header.stateRoot,
    timestamp: Number(header.timestamp),
    baseFeePerGas: header.baseFeePerGas ?? 0n,
    // Blocks before London, which only imported chains have, ask for none.
    nextBaseFeePerGas: header.baseFeePerGas === undefined ? 0n : header.calcNextBaseFee(),
    gasLimit: header.gasLimit,
  };
}

/** Keeps of an execution what committing it needs; the state it went through is let go. */
export function candidateOf(
  header: BlockHeader,
  bytes: Uint8Array,
  receipts: readonly ReceiptBody[],
  stateWrites: readonly Write[],
): Candidate {
  const head = headOf(header);
  const { number, hash, stateRoot } = head;
  return {
    head,
    payload: { hash, bytes, number, stateRoot, transactionCount: receipts.length },
    writes: [...stateWrites, ...blockWrites({ number, hash, stateRoot, bytes, receipts })],
  };
}
