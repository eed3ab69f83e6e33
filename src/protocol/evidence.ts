import { verifyProposalClaim } from '../codec/proposals.ts';
import type { ConsensusStatement, EvidenceOperation } from '../codec/types.ts';
import { verifyVote } from '../codec/votes.ts';
import { compareBytes, equalBytes } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';
import { withAuthority } from './authority-set.ts';
import type { ProtocolContext } from './context.ts';
import { slash } from './slashing.ts';
import type { ProtocolState, PunishedOffence } from './types.ts';

/** Where in block consensus a statement was made, and by whom. */
export function placeOf(statement: ConsensusStatement): { readonly authority: Address; readonly height: number } {
  return statement.kind === 'vote' ? statement.vote : statement.proposal;
}

/**
 * True when two statements exclude each other: of one authority, kind, height and round, for different blocks (or a block and
 * nil). A node that follows the rules never signs both, not even across a crash: its log is synced before it speaks.
 */
export function areContradictory(first: ConsensusStatement, second: ConsensusStatement): boolean {
  const [a, b] = [first, second].map(describe);
  return a?.place === b?.place && a?.block !== b?.block;
}

function describe(statement: ConsensusStatement): { readonly place: string; readonly block: string } {
  const signed = statement.kind === 'vote' ? statement.vote : statement.proposal;
  const kind = statement.kind === 'vote' ? statement.vote.type : 'proposal';
  return { place: `${kind} ${signed.height} ${signed.round} ${hexOf(signed.authority)}`, block: hexOf(signed.blockHash) };
}

const hexOf = (bytes: Uint8Array | undefined) => (bytes === undefined ? 'nil' : Buffer.from(bytes).toString('hex'));

/** True when the statement's authority signed it for this network. Costs a recovery of the key. */
export function isSigned(statement: ConsensusStatement, { genesisHash, isSignedBy }: ProtocolContext): boolean {
  return statement.kind === 'vote'
    ? verifyVote(statement.vote, genesisHash, isSignedBy)
    : verifyProposalClaim(statement.proposal, genesisHash, isSignedBy);
}

/** Least height of which evidence is taken: as long as the offender's stake could not have left. */
export function oldestPunishable({ height }: Pick<ProtocolState, 'height'>, { genesis }: ProtocolContext): number {
  return Math.max(1, height - genesis.staking.unbonding_rounds * genesis.rounds.blocks_per_round);
}

export function isPunished(state: Pick<ProtocolState, 'punished'>, authority: Address, height: number): boolean {
  return state.punished.some((each) => each.height === height && equalBytes(each.authority, authority));
}

/** Slashes the double signer, its finder's part to the reporter. One offence for each height, however often it signed there. */
export function punish(state: ProtocolState, { reporter, first }: EvidenceOperation, context: ProtocolContext): ProtocolState {
  const { authority, height } = placeOf(first);
  const { coins } = slash(state, authority, 'double_sign', [reporter]);
  const oldest = oldestPunishable(state, context);
  const punished = [...state.punished.filter((each) => each.height >= oldest), { authority, height }].sort(byHeight);
  return withAuthority({ ...coins, punished }, authority, { reputation: 0 });
}

function byHeight(a: PunishedOffence, b: PunishedOffence): number {
  return a.height - b.height || compareBytes(a.authority, b.authority);
}
