import { decodeFinalBlock, encodeFinalBlock } from '../codec/blocks.ts';
import type { FinalBlock } from '../codec/types.ts';
import { concatBytes, equalBytes, uint64BE } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { decodeProtocolState, decodeSettledRound, encodeProtocolState, encodeSettledRound } from '../protocol/state-codec.ts';
import type { ProtocolState, SettledRound } from '../protocol/types.ts';
import type { KeyValueStore, Write } from '../store/kv.ts';
import { Prefix } from '../store/prefixes.ts';
import { keepAuthoritySet } from './authority-sets.ts';
import { chainError } from './errors.ts';
import { KEPT_PROTOCOL_STATES_BLOCKS } from './limits.ts';

/** A final block with what the chain derived from it. */
export interface BlockRecord {
  readonly final: FinalBlock;
  /** Root of the settled model after this block. */
  readonly modelRoot: Hash;
  /** EIP-4895 index of the next withdrawal. */
  readonly nextWithdrawal: bigint;
}

/** Consensus blocks, protocol states and settled rounds on disk. */
export interface BlockStore {
  /** Height of the last final block; 0 before the first. */
  headHeight(): number;
  block(height: number): BlockRecord | undefined;
  state(height: number): ProtocolState | undefined;
  settledRound(round: number): SettledRound | undefined;
  /** Writes for the batch that makes `record` the head. */
  commit(record: BlockRecord, state: ProtocolState, settled: SettledRound | undefined): readonly Write[];
  /** Writes that bind an empty directory to a network. */
  initialise(genesisHash: Hash, state: ProtocolState): readonly Write[];
  /** @throws CHAIN_WRONG_GENESIS */
  requireGenesis(genesisHash: Hash): 'new' | 'known';
}

const KEY_GENESIS = Uint8Array.of(Prefix.chainMeta, 0);
const KEY_HEAD = Uint8Array.of(Prefix.chainMeta, 1);
const key = (prefix: number, number: number): Uint8Array => concatBytes(Uint8Array.of(prefix), uint64BE(number));
const numberAt = (bytes: Uint8Array, offset: number): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(offset);

/** @param options.keptStates protocol states kept behind the head; older ones follow from the blocks */
export function createBlockStore(store: KeyValueStore, { keptStates = KEPT_PROTOCOL_STATES_BLOCKS } = {}): BlockStore {
  return {
    headHeight() {
      const bytes = store.get(KEY_HEAD);
      return bytes === undefined ? 0 : Number(numberAt(bytes, 0));
    },
    block(height) {
      const bytes = store.get(key(Prefix.blocks, height));
      if (bytes === undefined) return undefined;
      return { modelRoot: bytes.slice(0, 32), nextWithdrawal: numberAt(bytes, 32), final: decodeFinalBlock(bytes.subarray(40)) };
    },
    state(height) {
      const bytes = store.get(key(Prefix.protocolStates, height));
      return bytes === undefined ? undefined : decodeProtocolState(bytes);
    },
    settledRound(round) {
      const bytes = store.get(key(Prefix.settledRounds, round));
      return bytes === undefined ? undefined : decodeSettledRound(bytes);
    },
    commit(record, state, settled) {
      const { height } = record.final.block.header;
      const bytes = concatBytes(record.modelRoot, uint64BE(Number(record.nextWithdrawal)), encodeFinalBlock(record.final));
      const writes: Write[] = [
        { key: key(Prefix.blocks, height), value: bytes },
        { key: key(Prefix.protocolStates, height), value: encodeProtocolState(state) },
        { key: KEY_HEAD, value: uint64BE(height) },
      ];
      const forgotten = height - keptStates;
      if (forgotten > 0) writes.push({ key: key(Prefix.protocolStates, forgotten), value: undefined });
      const changed = record.final.block.boundary?.authorities;
      if (changed !== undefined) writes.push(keepAuthoritySet(changed));
      if (settled !== undefined) writes.push({ key: key(Prefix.settledRounds, settled.round), value: encodeSettledRound(settled) });
      return writes;
    },
    initialise: (genesisHash, state) => [
      { key: KEY_GENESIS, value: genesisHash },
      { key: key(Prefix.protocolStates, 0), value: encodeProtocolState(state) },
    ],
    requireGenesis(genesisHash) {
      const stored = store.get(KEY_GENESIS);
      if (stored === undefined) return 'new';
      if (!equalBytes(stored, genesisHash)) {
        throw chainError(
          'CHAIN_WRONG_GENESIS',
          'the data directory holds another network’s chain: give its own genesis file, or choose another --data-dir',
        );
      }
      return 'known';
    },
  };
}
