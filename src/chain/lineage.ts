import { encodeCertificate } from '../codec/certificate.ts';
import type { Certificate } from '../codec/types.ts';
import type { Genesis } from '../params/genesis.ts';
import { type Hex, toHex } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import { checksumAddress } from '../primitives/keys.ts';
import { encodeVotes } from '../protocol/state-codec.ts';
import type { SettledRound } from '../protocol/types.ts';
import { chainError } from './errors.ts';

/**
 * Where a checkpoint comes from: who trained it on what, who checked that, and which blocks say so. Travels with exports as
 * `lineage.json`; `pol-node verify --lineage` holds it against a chain. Snake case: it is a document.
 */
export interface Lineage {
  readonly format: 'pol-lineage-1';
  readonly network: string;
  readonly chain_id: number;
  readonly genesis_hash: Hex;
  readonly data: { readonly source: string; readonly root: string; readonly tokens: number };
  readonly checkpoint: {
    /** Of the settled model; H('pol/model/1', weights_root, momentum_root). */
    readonly model_root: Hex;
    readonly settled_round: number;
    /** Of the boundary block that settled it. */
    readonly height: number;
    readonly block_hash: Hex;
  };
  /** By tokens, most first; equal ones by address. */
  readonly contributors: readonly {
    readonly address: string;
    readonly rounds: number;
    readonly segments: number;
    readonly tokens: number;
  }[];
  /** Settled rounds with accepted proofs, ascending. */
  readonly rounds: readonly LineageRound[];
}

export interface LineageRound {
  readonly round: number;
  readonly height: number;
  readonly block_hash: Hex;
  /** Of the certificate that the author of the document holds; another node may hold other signatures of the same quorum. */
  readonly certificate_hash: Hex;
  readonly model_root: Hex;
  /** Of all opened votes on the round: SHA-256 under pol/votes/1 of their RLP. */
  readonly votes_hash: Hex;
  /** Accepted ones: what was merged. */
  readonly proofs: readonly {
    readonly trainer: string;
    readonly segments: number;
    readonly tokens: number;
    readonly leaves_root: Hex;
    readonly update_hash: Hex;
  }[];
}

/** The block that settled a round. */
export interface SettlingBlock {
  readonly hash: Hash;
  readonly certificate: Certificate;
  /** Of the settled model after it. */
  readonly modelRoot: Hash;
}

export interface LineageSource {
  settledRound(round: number): SettledRound | undefined;
  block(height: number): SettlingBlock | undefined;
}

/**
 * The lineage of the model that settling `settledRound` led to.
 * @throws CHAIN_HISTORY_ABSENT when a round before it is not held
 */
export function lineageOf(
  { genesis, genesisHash }: { readonly genesis: Genesis; readonly genesisHash: Hash },
  settledRound: number,
  source: LineageSource,
): Lineage {
  const absent = (round: number) =>
    chainError('CHAIN_HISTORY_ABSENT', `the lineage needs round ${round}, which this node does not hold: ask one with all history`);
  const rounds: LineageRound[] = [];
  const contributors = new Map<string, { rounds: number; segments: number; tokens: number }>();
  let last: { readonly settled: SettledRound; readonly block: SettlingBlock } | undefined;
  for (let round = 0; round <= settledRound; round++) {
    const settled = source.settledRound(round);
    const block = settled && source.block(settled.height);
    if (settled === undefined || block === undefined) throw absent(round);
    last = { settled, block };
    const accepted = settled.proofs.filter(({ outcome }) => outcome === 'accepted');
    if (accepted.length === 0) continue;
    rounds.push({
      round,
      height: settled.height,
      block_hash: toHex(block.hash),
      certificate_hash: toHex(taggedHash('pol/certificate/1', encodeCertificate(block.certificate))),
      model_root: toHex(block.modelRoot),
      votes_hash: toHex(taggedHash('pol/votes/1', encodeVotes(settled.votes))),
      proofs: accepted.map(({ proof }) => ({
        trainer: checksumAddress(proof.trainer),
        segments: proof.segments,
        tokens: proof.tokens,
        leaves_root: toHex(proof.leavesRoot),
        update_hash: toHex(proof.updateHash),
      })),
    });
    for (const { proof } of accepted) {
      const address = checksumAddress(proof.trainer);
      const sum = contributors.get(address) ?? { rounds: 0, segments: 0, tokens: 0 };
      contributors.set(address, { rounds: sum.rounds + 1, segments: sum.segments + proof.segments, tokens: sum.tokens + proof.tokens });
    }
  }
  if (last === undefined) throw absent(settledRound);
  return {
    format: 'pol-lineage-1',
    network: genesis.name,
    chain_id: genesis.chain_id,
    genesis_hash: toHex(genesisHash),
    data: { source: genesis.data.source, root: genesis.data.root, tokens: genesis.data.tokens },
    checkpoint: {
      model_root: toHex(last.block.modelRoot),
      settled_round: settledRound,
      height: last.settled.height,
      block_hash: toHex(last.block.hash),
    },
    contributors: [...contributors]
      .map(([address, sum]) => ({ address, ...sum }))
      .sort((a, b) => b.tokens - a.tokens || (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1)),
    rounds,
  };
}
