import type { NodeView } from '../../chain/view.ts';
import { toHex } from '../../primitives/bytes.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { formatPol } from '../../primitives/units.ts';
import { stakeOf } from '../../protocol/stakes.ts';
import { authorityJson } from '../view-models.ts';

/** GET /api/v1/authorities: the set, what its members want changed, and the changes that are due. */
export function authorities(view: NodeView) {
  const { authorities: members, authorityWishes, scheduledChanges, stakes, open } = view.chain.state();
  return {
    round: open.number,
    authorities: members.map((record) => ({
      ...authorityJson(record),
      bonded_pol: formatPol(stakeOf(stakes, record.address).bonded),
      revealed_round: record.revealedRound,
    })),
    wishes: authorityWishes.map(({ authority, round, change }) => ({
      authority: checksumAddress(authority),
      round,
      change: change.kind,
      candidate: checksumAddress(change.candidate),
    })),
    scheduled: scheduledChanges.map(({ round, change }) => ({
      /** The boundary that opens this round carries it out. */
      round,
      change: change.kind,
      candidate: checksumAddress(change.candidate),
      ...(change.kind === 'add' ? { tip: toHex(change.tip), secret_tip: toHex(change.secretTip) } : {}),
    })),
  };
}
