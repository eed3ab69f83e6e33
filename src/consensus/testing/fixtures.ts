import { bodyHash } from '../../codec/blocks.ts';
import type { Block } from '../../codec/types.ts';
import { compareBytes, utf8 } from '../../primitives/bytes.ts';
import { type Hash, sha256 } from '../../primitives/hash.ts';
import { type Address, type Signer, signerFromPrivateKey } from '../../primitives/keys.ts';
import type { ConsensusTimeouts, WalRecord, WriteAheadLog } from '../types.ts';

export const GENESIS_HASH: Hash = sha256(utf8('test genesis'));

export const TIMEOUTS: ConsensusTimeouts = {
  proposeMs: 600,
  proposeDeltaMs: 200,
  prevoteMs: 300,
  prevoteDeltaMs: 100,
  precommitMs: 300,
  precommitDeltaMs: 100,
  resendMs: 500,
};

/** Keys made from their number, ascending by address. */
export function testSigners(count: number): readonly Signer[] {
  const signers = Array.from({ length: count }, (_, i) => signerFromPrivateKey(sha256(utf8(`key ${i}`))));
  return signers.sort((a, b) => compareBytes(a.address, b.address));
}

/** A block whose header commits to its body; `salt` tells candidates apart. */
export function testBlock(fields: {
  readonly height: number;
  readonly proposer: Address;
  readonly parentHash?: Hash;
  readonly timestamp?: number;
  readonly salt?: string;
}): Block {
  const execution = utf8(fields.salt ?? '');
  return {
    header: {
      height: fields.height,
      timestamp: fields.timestamp ?? fields.height,
      proposer: fields.proposer,
      parentHash: fields.parentHash ?? GENESIS_HASH,
      executionHash: sha256(execution),
      bodyHash: bodyHash([], undefined),
      protocolRoot: new Uint8Array(32),
      nextAuthorities: new Uint8Array(32),
    },
    operations: [],
    boundary: undefined,
    execution,
  };
}

/** A log in memory, whose records a test may read and set. */
export function createMemoryWal(records: WalRecord[] = []): WriteAheadLog & { readonly records: WalRecord[] } {
  const heightOf = (record: WalRecord) => (record.type === 'vote' ? record.vote.height : record.proposal.height);
  return {
    records,
    async append(record) {
      records.push(record);
    },
    async read(height) {
      return records.filter((record) => heightOf(record) >= height);
    },
    async prune(height) {
      records.splice(0, records.length, ...records.filter((record) => heightOf(record) >= height));
    },
  };
}
