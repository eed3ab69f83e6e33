import { decodeFinalBlock, encodeFinalBlock } from '../codec/blocks.ts';
import { MAX_FINAL_BLOCK_BYTES } from '../codec/limits.ts';
import { bigUint, blob, codec, struct } from '../codec/shape.ts';
import type { FinalBlock } from '../codec/types.ts';
import { decodeProtocolState, encodeProtocolState } from '../protocol/state-codec.ts';
import type { ProtocolState } from '../protocol/types.ts';
import { createBucket, numberCodec } from '../store/bucket.ts';
import type { KeyValueStore, Write } from '../store/kv.ts';
import { Prefix } from '../store/prefixes.ts';
import { MAX_PROTOCOL_STATE_BYTES } from './limits.ts';

/** A snapshot that was begun: all of it but the execution state and the model. Verified. */
export interface Anchor {
  readonly final: FinalBlock;
  readonly state: ProtocolState;
  /** EIP-4895 index of the next withdrawal. */
  readonly nextWithdrawal: bigint;
}

const anchorCodec = codec(
  'anchor',
  struct<{ readonly final: Uint8Array; readonly state: Uint8Array; readonly nextWithdrawal: bigint }>({
    final: blob(MAX_FINAL_BLOCK_BYTES),
    state: blob(MAX_PROTOCOL_STATE_BYTES),
    nextWithdrawal: bigUint(8),
  }),
  MAX_PROTOCOL_STATE_BYTES + MAX_FINAL_BLOCK_BYTES + 1024,
);

const anchors = createBucket<number, Anchor>(Prefix.syncProgress, {
  key: numberCodec,
  value: {
    encode: ({ final, state, nextWithdrawal }) =>
      anchorCodec.encode({ final: encodeFinalBlock(final), state: encodeProtocolState(state), nextWithdrawal }),
    decode(bytes) {
      const { final, state, nextWithdrawal } = anchorCodec.decode(bytes);
      return { final: decodeFinalBlock(final), state: decodeProtocolState(state), nextWithdrawal };
    },
  },
});
/** Key 0 is the header store's. */
const ANCHOR = 1;

const witnesses = createBucket<number, FinalBlock>(Prefix.witnessBlocks, {
  key: numberCodec,
  value: { encode: encodeFinalBlock, decode: decodeFinalBlock },
});

/** Where a snapshot that was begun is remembered across restarts. */
export interface SnapshotStore {
  get(): Anchor | undefined;
  /** @param shown the blocks that proved the anchor's number of withdrawals */
  put(anchor: Anchor, shown: readonly FinalBlock[]): Promise<void>;
  /** A block from before the snapshot that this node can show: the next newcomer needs the same proof. */
  witness(height: number): FinalBlock | undefined;
  /** For the batch that takes the snapshot over. */
  readonly clear: readonly Write[];
}

export function createSnapshotStore(store: KeyValueStore): SnapshotStore {
  return {
    get: () => anchors.get(store, ANCHOR),
    put: (anchor, shown) =>
      store.write([anchors.put(ANCHOR, anchor), ...shown.map((final) => witnesses.put(final.block.header.height, final))]),
    witness: (height) => witnesses.get(store, height),
    clear: [anchors.delete(ANCHOR)],
  };
}
