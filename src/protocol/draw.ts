import { MAX_FINDINGS } from '../codec/limits.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { keyedDraw } from './keyed-draw.ts';
import { MIN_CHECKS } from './limits.ts';
import { hasAddress } from './sorted.ts';
import type { ProtocolState, SealedRound } from './types.ts';

const DRAW_DOMAIN = 'pol/draw/1';
const SECRET_DRAW_DOMAIN = 'pol/secret-draw/1';
/** An authority's secret segment comes on top of what is dealt openly. */
const MAX_DEALT = MAX_FINDINGS - 1;

/** One segment of one sealed proof; `proof` is its place in the sealed list. */
export interface SegmentRef {
  readonly proof: number;
  readonly segment: number;
}

/** Who re-executes what of a sealed round. */
export interface Draw {
  /** All segments of all sealed proofs, in canonical order: by proof, then segment. */
  readonly segments: readonly SegmentRef[];
  /** Places in `segments` of those without which their proof is not accepted, ascending. */
  readonly obligatory: readonly number[];
  /** Positions that each authority got of the others: checksPerAuthority, or what full coverage needs. */
  readonly checks: number;
  /** Places in `segments` that are dealt openly, ascending, by hexadecimal address of the authorities that revealed. */
  readonly dealt: ReadonlyMap<string, readonly number[]>;
  readonly challengeSeed: Hash;
}

/** Authorities with a seat in the draw: those that revealed their preimage for the sealed round. Ascending. */
export function seatedAuthorities(state: ProtocolState, sealed: SealedRound): readonly Address[] {
  return state.authorities.filter((record) => record.revealedRound === sealed.number).map((record) => record.address);
}

/**
 * The public draw of the sealed round, undefined before its seed is known.
 *
 * 1. Obligatory segments (the last of each proof, all of a trainer on probation) are dealt to two different authorities:
 *    their digests are compared, and one that crashes leaves a checker.
 * 2. The others are brought into a drawn order, and each authority gets `checks` consecutive positions of it, wrapping: with
 *    enough authorities every segment is covered, and no two check the same one before that.
 *
 * Proofs of which an obligatory segment found no room (MAX_FINDINGS) can be accepted only after a dispute.
 */
export function drawOf(state: ProtocolState): Draw | undefined {
  const { sealed } = state;
  if (sealed?.challengeSeed === undefined) return undefined;
  const { challengeSeed } = sealed;
  const seats = seatedAuthorities(state, sealed);
  const known = remembered.get(challengeSeed);
  if (known !== undefined && isSameInput(known, sealed, seats)) return known.draw;
  const draw = drawSegments(sealed, challengeSeed, seats);
  const { proofs, probation, checksPerAuthority } = sealed;
  remembered.set(challengeSeed, { proofs, probation, checksPerAuthority, seats, draw });
  return draw;
}

/** The draw of a seed does not change while its round is being checked, and is asked for with each vote. */
const remembered = new WeakMap<Hash, Checked & { readonly seats: readonly Address[]; readonly draw: Draw }>();

function isSameInput(known: Checked & { readonly seats: readonly Address[] }, sealed: Checked, seats: readonly Address[]): boolean {
  return (
    known.proofs === sealed.proofs &&
    known.probation === sealed.probation &&
    known.checksPerAuthority === sealed.checksPerAuthority &&
    known.seats.length === seats.length &&
    known.seats.every((seat, i) => equalBytes(seat, seats[i] as Address))
  );
}

type Checked = Pick<SealedRound, 'proofs' | 'probation' | 'checksPerAuthority'>;

/** @param seats authorities with a seat, ascending */
export function drawSegments(sealed: Checked, challengeSeed: Hash, seats: readonly Address[]): Draw {
  const random = keyedDraw(DRAW_DOMAIN, challengeSeed);
  const segments = segmentsOf(sealed);
  const obligatory: number[] = [];
  const others: number[] = [];
  segments.forEach((ref, at) => {
    (isObligatory(sealed, ref) ? obligatory : others).push(at);
  });
  const order = random.sample(seats, seats.length);
  const hands: number[][] = order.map(() => []);
  const deal = (seat: number, at: number) => {
    const hand = hands[seat % hands.length];
    if (hand !== undefined && hand.length < MAX_DEALT) hand.push(at);
  };
  obligatory.forEach((at, j) => {
    deal(j, at);
    // The distance to the second authority changes with each turn: in time everybody is compared with everybody.
    if (order.length > 1) deal(j + 1 + (Math.floor(j / order.length) % (order.length - 1)), at);
  });
  const checks = checksOf(sealed.checksPerAuthority, others.length, order.length);
  const drawn = random.sample(others, Math.min(others.length, checks * order.length));
  hands.forEach((_, seat) => {
    for (let i = 0; i < checks; i++) deal(seat, drawn[(seat * checks + i) % drawn.length] as number);
  });
  const dealt = new Map(order.map((authority, seat) => [toHex(authority), (hands[seat] ?? []).sort((a, b) => a - b)]));
  return { segments, obligatory, checks, dealt, challengeSeed };
}

/** Never under MIN_CHECKS, and no more than cover everything: beyond that only obligatory segments are checked twice. */
function checksOf(wanted: number, others: number, seats: number): number {
  if (seats === 0) return 0;
  return Math.min(others, Math.max(MIN_CHECKS, Math.min(wanted, Math.ceil(others / seats))));
}

function segmentsOf({ proofs }: Checked): readonly SegmentRef[] {
  return proofs.flatMap((each, proof) => Array.from({ length: each.segments }, (_, segment) => ({ proof, segment })));
}

/** True for the last segment of each proof, whose leaf binds the update, and for all of a trainer on probation. */
export function isObligatory({ proofs, probation }: Checked, { proof, segment }: SegmentRef): boolean {
  const { trainer, segments } = proofs[proof] ?? {};
  return trainer !== undefined && (segment + 1 === segments || hasAddress(probation, trainer));
}

/**
 * What an authority has to check, in the order of its findings: the open deal ascending, then its secret segment, drawn from
 * all that were not dealt to it. Nobody else can know that one before the vote is opened, and nobody can choose it.
 * Nothing without a seat.
 */
export function dealTo(draw: Draw, authority: Address, secretPreimage: Hash): readonly SegmentRef[] {
  const open = draw.dealt.get(toHex(authority));
  if (open === undefined) return [];
  const remaining = draw.segments.length - open.length;
  const places = remaining === 0 ? open : [...open, secretPlace(draw, open, remaining, secretPreimage)];
  return places.map((at) => draw.segments[at] as SegmentRef);
}

/** The drawn one of the places that are not in `open`. */
function secretPlace({ challengeSeed }: Draw, open: readonly number[], remaining: number, secretPreimage: Hash): number {
  let at = keyedDraw(SECRET_DRAW_DOMAIN, taggedHash(SECRET_DRAW_DOMAIN, challengeSeed, secretPreimage)).below(remaining);
  for (const taken of open) if (taken <= at) at++;
  return at;
}
