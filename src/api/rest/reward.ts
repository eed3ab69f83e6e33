import type { NodeView } from '../../chain/view.ts';
import { decodeBlock } from '../../execution/block-view.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import type { Address } from '../../primitives/keys.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { WEI_PER_GWEI } from '../../primitives/units.ts';
import { type AuthorityPart, explainReward, type TrainerPart } from '../../protocol/explain.ts';
import { apiError } from '../errors.ts';
import { parseAddress } from '../jsonrpc/parse.ts';
import { parseNumber } from './parse-number.ts';

/** GET /api/v1/rounds/{round}/rewards/{address}: where each coin came from. */
export function roundReward(view: NodeView, roundText: string, addressText: string) {
  const round = parseNumber(roundText, 'round');
  const address = parseAddress(addressText, 'address');
  const explained = rewardJson(view, round, address);
  if (explained !== undefined) return explained;
  const isSettled = view.chain.settledRound(round) !== undefined;
  throw apiError(
    'API_NOT_FOUND',
    isSettled
      ? `${checksumAddress(address)} had no part in round ${round}: it proved nothing there, had no seat, and found no fraud`
      : `round ${round} is not settled; the last settled round is ${view.chain.state().settledRound}`,
  );
}

/** Undefined when the round is not settled, or the account had no part in it. */
export function rewardJson(view: NodeView, round: number, address: Address) {
  const settled = view.chain.settledRound(round);
  const explained = settled && explainReward(settled, address, view.identity.genesis);
  if (explained === undefined) return undefined;
  const { emission, trainer, authority, bounties, slashes, height, paid } = explained;
  const withdrawals = withdrawalsTo(view, height, address);
  return {
    round,
    address: checksumAddress(address),
    settled_at_height: height,
    emission: {
      scheduled: emission.scheduled.toString(),
      factor: emission.factor / 1_000_000,
      available: emission.available.toString(),
      trainers: emission.trainers.toString(),
      authorities: emission.authorities.toString(),
      bounty_pool: emission.bountyPool.toString(),
    },
    trainer: trainer === undefined ? null : trainerJson(trainer),
    authority: authority === undefined ? null : authorityPartJson(authority),
    bounties: bounties.map(({ offender, wei }) => ({ offender: checksumAddress(offender), wei: wei.toString() })),
    slashes: slashes.map(({ reason, wei, rewarded }) => ({
      reason,
      wei: wei.toString(),
      rewarded: rewarded.toString(),
      burned: (wei - rewarded).toString(),
    })),
    paid: paid.toString(),
    /** Of the settling block, to this account: together they are `paid`. */
    withdrawals,
    adds_up: withdrawals.reduce((sum, { wei }) => sum + BigInt(wei), 0n) === paid,
  };
}

function trainerJson(part: TrainerPart) {
  return {
    decision: part.decision ?? null,
    segments: part.segments,
    tokens: part.tokens,
    accepted_tokens: part.acceptedTokens,
    by_tokens: part.byTokens.toString(),
    price_cap: part.cap.toString(),
    capped: part.isCapped,
    ...dueJson(part),
  };
}

function authorityPartJson(part: AuthorityPart) {
  return { seat: part.seat.toString(), done: part.done, wanted: part.wanted, ...dueJson(part) };
}

function dueJson({ due, locked, unminted, paid }: TrainerPart | AuthorityPart) {
  return { due: due.toString(), locked: locked.toString(), unminted: unminted.toString(), paid: paid.toString() };
}

function withdrawalsTo(view: NodeView, height: number, address: Address) {
  const bytes = view.execution.block(height);
  const all = bytes === undefined ? [] : (decodeBlock(bytes).withdrawals ?? []);
  return all
    .filter((each) => equalBytes(each.address, address))
    .map(({ index, amount }) => ({ index: Number(index), wei: (amount * WEI_PER_GWEI).toString() }));
}
