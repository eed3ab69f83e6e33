import { expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { challengeSeedOf } from './beacon.ts';
import { drawSegments } from './draw.ts';
import { named, proof, testNetwork, trainersNamed } from './testing/network.ts';
import type { ProtocolState, SealedRound } from './types.ts';

/** Every candidate is another root over the same forged segments: making one costs a forger a hash. */
const CANDIDATES = 100_000;
const WORLDS = 2_000;
const SEGMENTS = 21;
const FORGED = [2, 5, 9];
const MOST_SIGMAS = 4;
const TIMEOUT_MS = 120_000;

const network = testNetwork(4);
const seats = network.authorities.map(({ address }) => address);
const [trainer = new Uint8Array(20)] = trainersNamed(1);
const base = proof(network, trainer, 1, SEGMENTS);

/** The draw when these preimages are revealed over a proof with this root. */
function isFound(leavesRoot: Hash, preimageOf: (seat: number) => Hash): boolean {
  const proofs = [{ ...base, leavesRoot }];
  const authorities = seats.map((address, i) => ({ address, revealedRound: 1, onion: preimageOf(i) }));
  const state = { beacon: named('beacon', 1), authorities } as unknown as ProtocolState;
  const sealed = { number: 1, proofs, probation: [], checksPerAuthority: 2 } as unknown as SealedRound;
  const hands = [...drawSegments(sealed, challengeSeedOf(state, sealed), seats).dealt.values()];
  return FORGED.some((segment) => hands.some((hand) => hand.includes(segment)));
}

it(
  'of 100,000 roots ground before the seal, the best against what is known is found as often as any',
  () => {
    // What is known before the seal: the last preimages revealed. The forger takes them for the next ones.
    const known = (seat: number) => named('known', seat);
    const winners: Hash[] = [];
    for (let i = 0; i < CANDIDATES; i++) {
      const root = named('candidate', i);
      if (!isFound(root, known)) winners.push(root);
    }
    // Were the preimages known, grinding would win at once.
    expect(winners.length).toBeGreaterThan(1_000);
    const best = winners[0] ?? named('candidate', 0);
    expect(new Set(winners.map(toHex)).size).toBe(winners.length);

    let found = 0;
    for (let world = 0; world < WORLDS; world++) if (isFound(best, (seat) => named('revealed', world * seats.length + seat))) found++;
    // 20 are drawn freely, eight of them by the four authorities: C(17, 8) / C(20, 8) escapes.
    const escapes = (12 * 11 * 10) / (20 * 19 * 18);
    const sigma = Math.sqrt((escapes * (1 - escapes)) / WORLDS);
    expect(Math.abs(found / WORLDS - (1 - escapes))).toBeLessThan(MOST_SIGMAS * sigma);
  },
  TIMEOUT_MS,
);
