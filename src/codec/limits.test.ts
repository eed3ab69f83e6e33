import { describe, expect, it } from 'vitest';
import { MAX_SEGMENT_STEPS } from '../params/genesis.ts';
import { encodeBlock, encodeFinalBlock } from './blocks.ts';
import { encodeConsensusMessage } from './consensus-messages.ts';
import {
  MAX_AUTHORITIES,
  MAX_BLOCK_BYTES,
  MAX_DISPUTES,
  MAX_EXECUTION_BYTES,
  MAX_FINDINGS,
  MAX_MERKLE_DEPTH,
  MAX_OPERATION_BYTES,
  MAX_TRAINERS_PER_ROUND,
} from './limits.ts';
import { openingCodec } from './opening.ts';
import { encodeSignedOperation } from './operations.ts';
import type { Block, Certificate } from './types.ts';

const GOSSIP_LIMIT_BYTES = 256 * 1024;
const addressAt = (i: number) => Uint8Array.from({ length: 20 }, (_, place) => (place === 0 ? i >> 8 : place === 1 ? i & 255 : 7));
const full = new Uint8Array(32).fill(0xff);
const header = {
  height: Number.MAX_SAFE_INTEGER,
  timestamp: Number.MAX_SAFE_INTEGER,
  proposer: addressAt(1),
  parentHash: full,
  executionHash: full,
  bodyHash: full,
  protocolRoot: full,
  nextAuthorities: full,
};
const signature = new Uint8Array(65).fill(0xff);
const sealed = Array.from({ length: MAX_TRAINERS_PER_ROUND }, (_, i) => addressAt(i));

describe('limits', () => {
  it('let a full boundary block be proposed within the gossip limit', () => {
    const execution = new Uint8Array(MAX_EXECUTION_BYTES);
    const block: Block = {
      header,
      operations: [],
      boundary: { sealed, modelRoot: full, startRoot: full, authorities: sealed.slice(0, MAX_AUTHORITIES) },
      execution,
    };
    expect(encodeBlock(block).length).toBeLessThan(MAX_BLOCK_BYTES);
  });

  it('let any block at its limit travel with its proposal or certificate', () => {
    const join = { operation: { type: 'join', trainer: full.slice(12), round: 0 }, signature } as const;
    const operationBytes = encodeSignedOperation(join).length;
    const empty: Block = { header, operations: [], boundary: undefined, execution: new Uint8Array(MAX_EXECUTION_BYTES) };
    const room = MAX_BLOCK_BYTES - encodeBlock(empty).length - 8;
    const block: Block = { ...empty, operations: Array.from({ length: Math.floor(room / operationBytes) }, () => join) };
    const bytes = encodeBlock(block).length;
    expect(bytes).toBeGreaterThan(MAX_BLOCK_BYTES - 2 * operationBytes);

    const round = Number.MAX_SAFE_INTEGER;
    const proposal = { height: round, round, validRound: round, block, authority: addressAt(1), signature };
    expect(encodeConsensusMessage({ kind: 'proposal', proposal }).length).toBeLessThan(GOSSIP_LIMIT_BYTES);

    const signatures = Array.from({ length: MAX_AUTHORITIES }, (_, i) => ({ authority: addressAt(i), signature }));
    const certificate: Certificate = { height: round, round, blockHash: full, signatures };
    expect(encodeFinalBlock({ block, certificate }).length).toBeLessThan(GOSSIP_LIMIT_BYTES);
    const tooLarge = { ...block, operations: [...block.operations, join, join] };
    expect(() => encodeBlock(tooLarge)).toThrow(expect.objectContaining({ code: 'CODEC_TOO_LARGE' }));
  });

  it('let a vote with every finding on a full round, and a ruling on every dispute, through', () => {
    const vote = {
      type: 'vote',
      authority: addressAt(1),
      round: Number.MAX_SAFE_INTEGER,
      secretPreimage: full,
      findings: Array.from({ length: MAX_FINDINGS }, () => ({ kind: 'ok', digest: full }) as const),
      gateBaseline: 1,
      gateLosses: sealed.map(() => 1),
      heldOutLoss: 1,
      heldOutAccuracy: 1,
    } as const;
    expect(encodeSignedOperation({ operation: vote, signature }).length).toBeLessThan(MAX_OPERATION_BYTES);
    const steps = Array.from({ length: MAX_SEGMENT_STEPS }, () => full);
    const rulings = Array.from(
      { length: MAX_DISPUTES },
      () => ({ kind: 'fraud', fault: 'state', proof: 999, segment: 2 ** 40, steps }) as const,
    );
    const ruling = { type: 'ruling', authority: addressAt(1), round: Number.MAX_SAFE_INTEGER, rulings } as const;
    expect(encodeSignedOperation({ operation: ruling, signature }).length).toBeLessThan(MAX_OPERATION_BYTES);
  });

  it('let the deepest opening through', () => {
    const path = Array.from({ length: MAX_MERKLE_DEPTH }, () => full);
    expect(() => openingCodec.encode({ segment: 2 ** 40, startState: full, endState: full, startPath: path, endPath: path })).not.toThrow();
  });
});
