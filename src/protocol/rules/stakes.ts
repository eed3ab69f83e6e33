import type { EvidenceOperation, ExitOperation } from '../../codec/types.ts';
import { WEI_PER_GWEI } from '../../primitives/units.ts';
import type { ProtocolContext } from '../context.ts';
import { areContradictory, isPunished, isSigned, oldestPunishable, placeOf } from '../evidence.ts';
import { MAX_PUNISHED } from '../limits.ts';
import { findByAddress } from '../sorted.ts';
import { stakeOf } from '../stakes.ts';
import type { ProtocolState } from '../types.ts';
import { invalid, isRecent, later, type Standing, stale, VALID } from './standing.ts';

export function judgeExit(state: ProtocolState, { account, round, gwei }: ExitOperation): Standing {
  // 1. It was written in the open round or the one before.
  const recent = isRecent(state.open.number, round);
  if (recent.kind !== 'valid') return recent;
  // 2. Nothing is being given back to the account yet: that has one day of its own.
  const { bonded, unbonding } = stakeOf(state.stakes, account);
  if (unbonding > 0n) return stale('already_unbonding', 'a part of the stake is being given back');
  // 3. It asks for no more than is bonded, and for something.
  if (gwei < 1n || gwei * WEI_PER_GWEI > bonded) {
    return stale('stake_insufficient', `${gwei} gwei are asked back; ${bonded / WEI_PER_GWEI} are bonded`);
  }
  return VALID;
}

export function judgeEvidence(state: ProtocolState, operation: EvidenceOperation, context: ProtocolContext): Standing {
  const { first, second } = operation;
  const { authority, height } = placeOf(first);
  // 1. It was written in the open round or the one before.
  const recent = isRecent(state.open.number, operation.round);
  if (recent.kind !== 'valid') return recent;
  // 2. The two statements exclude each other.
  if (!areContradictory(first, second)) return invalid('not_contradictory', 'the statements do not exclude each other');
  // 3. They are of a height for which the offender's stake cannot have left, and that consensus has come to.
  const oldest = oldestPunishable(state, context);
  if (height < oldest) return stale('evidence_too_old', `height ${height} is before ${oldest}`);
  if (height > state.height + 1) return later('evidence_too_new', `height ${height} is not decided yet`);
  // 4. The accused is an authority: what others sign decides nothing.
  if (findByAddress(state.authorities, authority, (record) => record.address) === undefined) {
    return stale('accused_not_an_authority', 'the accused is not an authority');
  }
  // 5. The offence was not punished, it can be noted, and something can be taken.
  if (isPunished(state, authority, height)) return stale('already_punished', `signing twice at height ${height} was punished`);
  const noted = state.punished.filter((each) => each.height >= oldest).length;
  if (noted >= MAX_PUNISHED) return later('too_many_punished', `${noted} offences are remembered already`);
  const { bonded, unbonding } = stakeOf(state.stakes, authority);
  if (bonded + unbonding === 0n) return stale('nothing_at_stake', 'the offender has no stake');
  // 6. The accused signed both: last, for it costs most.
  if (!isSigned(first, context) || !isSigned(second, context)) {
    return invalid('evidence_forged', 'a statement is not signed by the accused');
  }
  return VALID;
}
