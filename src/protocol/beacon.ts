import { MAX_AUTHORITIES, MAX_TRAINERS_PER_ROUND } from '../codec/limits.ts';
import { address, codec, hash, list, struct, uint } from '../codec/shape.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { ProtocolState, SealedRound } from './types.ts';

const GENESIS_BEACON_DOMAIN = 'pol/genesis-beacon/1';
const BEACON_DOMAIN = 'pol/beacon/1';
const CHALLENGE_SEED_DOMAIN = 'pol/challenge-seed/1';
const MAX_ENTROPY_BYTES = 64 * 1024;

interface Reveal {
  readonly authority: Address;
  readonly preimage: Hash;
}

interface Entropy {
  readonly beacon: Hash;
  readonly round: number;
  readonly leavesRoots: readonly Hash[];
  /** Ascending by authority. */
  readonly reveals: readonly Reveal[];
}

const { encode: encodeEntropy } = codec(
  'entropy',
  struct<Entropy>({
    beacon: hash,
    round: uint,
    leavesRoots: list(hash, MAX_TRAINERS_PER_ROUND),
    reveals: list(struct<Reveal>({ authority: address, preimage: hash }), MAX_AUTHORITIES),
  }),
  MAX_ENTROPY_BYTES,
);

/** The beacon before any preimage is revealed: known to all, so nothing that pays may hang on it alone (see roster.ts). */
export function genesisBeacon(genesisHash: Hash): Hash {
  return taggedHash(GENESIS_BEACON_DOMAIN, genesisHash);
}

/** The next beacon, for the assignment of the round opened next: the old one and all preimages revealed for `sealed`. */
export function nextBeacon(state: ProtocolState, sealed: SealedRound): Hash {
  const { beacon } = state;
  return taggedHash(
    BEACON_DOMAIN,
    encodeEntropy({ beacon, round: sealed.number, leavesRoots: [], reveals: revealsOf(state, sealed.number) }),
  );
}

/**
 * The seed of the challenges: fixed by the sealed proofs and by preimages that nobody chose and that were secret when the
 * proofs were sealed. An authority can only withhold its one, which gives it two outcomes to pick from and shows.
 */
export function challengeSeedOf(state: ProtocolState, sealed: SealedRound): Hash {
  const leavesRoots = sealed.proofs.map((proof) => proof.leavesRoot);
  const { beacon } = state;
  return taggedHash(
    CHALLENGE_SEED_DOMAIN,
    encodeEntropy({ beacon, round: sealed.number, leavesRoots, reveals: revealsOf(state, sealed.number) }),
  );
}

function revealsOf(state: ProtocolState, round: number): readonly Reveal[] {
  return state.authorities
    .filter((record) => record.revealedRound === round)
    .map(({ address, onion }) => ({ authority: address, preimage: onion }));
}
