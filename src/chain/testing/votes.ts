import type { VoteOperation } from '../../codec/types.ts';
import { equalBytes, utf8 } from '../../primitives/bytes.ts';
import { taggedHash } from '../../primitives/hash.ts';
import type { Address } from '../../primitives/keys.ts';
import { dealTo, drawOf } from '../../protocol/draw.ts';
import type { Onion } from '../../protocol/onion.ts';
import type { ProtocolState } from '../../protocol/types.ts';

/** The vote of an authority that found everything dealt to it in order; undefined before the draw, or with a used up chain. */
export function acceptingVote(
  state: ProtocolState,
  member: { readonly address: Address; readonly secretOnion: Onion },
): VoteOperation | undefined {
  const { address, secretOnion } = member;
  const record = state.authorities.find((each) => equalBytes(each.address, address));
  const draw = drawOf(state);
  const secretPreimage = record && secretOnion.preimageOf(record.secretOnion);
  if (draw === undefined || secretPreimage === undefined || state.sealed === undefined) return undefined;
  return {
    type: 'vote',
    authority: address,
    round: state.sealed.number,
    secretPreimage,
    findings: dealTo(draw, address, secretPreimage).map(({ proof, segment }) => ({
      kind: 'ok',
      digest: taggedHash('test/digest', utf8(`${proof}/${segment}`)),
    })),
    gateBaseline: 3,
    gateLosses: state.sealed.proofs.map(() => 3),
    heldOutLoss: 3,
    heldOutAccuracy: 0.25,
  };
}
