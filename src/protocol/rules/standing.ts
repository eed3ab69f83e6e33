/** The rule that an operation does not meet. */
export type RefusalReason =
  | 'boundary_next'
  | 'wrong_round'
  | 'already_joined'
  | 'no_seat'
  | 'not_in_roster'
  | 'already_proven'
  | 'already_withdrawn'
  | 'nothing_to_withdraw'
  | 'segments_out_of_range'
  | 'tokens_wrong'
  | 'update_size_out_of_range'
  | 'loss_not_finite'
  | 'not_an_authority'
  | 'window_not_open'
  | 'window_closed'
  | 'already_revealed'
  | 'preimage_wrong'
  | 'already_committed'
  | 'not_committed'
  | 'commitment_wrong'
  | 'already_voted'
  | 'finding_count_wrong'
  | 'fault_impossible'
  | 'gate_losses_invalid'
  | 'held_out_invalid'
  | 'nothing_disputed'
  | 'already_ruled'
  | 'not_disputed'
  | 'rulings_not_ascending'
  | 'step_count_wrong'
  | 'stake_insufficient'
  | 'already_unbonding'
  | 'not_contradictory'
  | 'evidence_too_old'
  | 'evidence_too_new'
  | 'accused_not_an_authority'
  | 'already_punished'
  | 'too_many_punished'
  | 'nothing_at_stake'
  | 'evidence_forged'
  | 'change_meaningless'
  | 'already_wished'
  | 'already_renewing';

/**
 * Where an operation stands. valid: the next block may carry it. later: a block to come may. stale: no block will, and
 * its author need not be at fault. invalid: no block will, and nobody who follows the rules makes or forwards it.
 */
export type Standing =
  | { readonly kind: 'valid' }
  | { readonly kind: 'later' | 'stale' | 'invalid'; readonly reason: RefusalReason; readonly message: string };

export const VALID: Standing = { kind: 'valid' };
export const later = (reason: RefusalReason, message: string): Standing => ({ kind: 'later', reason, message });
export const stale = (reason: RefusalReason, message: string): Standing => ({ kind: 'stale', reason, message });
export const invalid = (reason: RefusalReason, message: string): Standing => ({ kind: 'invalid', reason, message });

/** For what may be carried while the round it was written in is open, and the one after it: an old one cannot be replayed. */
export function isRecent(openRound: number, round: number): Standing {
  if (round > openRound) return later('wrong_round', `round ${round} is not open yet`);
  if (round < openRound - 1) return stale('wrong_round', `it was written in round ${round}, and round ${openRound} is open`);
  return VALID;
}
