import type { Operation } from '../codec/types.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { renew, wish, withAuthority } from './authority-set.ts';
import type { ProtocolContext } from './context.ts';
import { punish } from './evidence.ts';
import { startExit } from './exits.ts';
import { withAddress, withItem } from './sorted.ts';
import type { ProtocolState, SealedRound } from './types.ts';

/** The effect of an operation that is valid, as part of the block after `state`. */
export function record(state: ProtocolState, operation: Operation, context: ProtocolContext): ProtocolState {
  const { open } = state;
  switch (operation.type) {
    case 'join':
      return { ...state, joining: withAddress(state.joining, operation.trainer) };
    case 'proof':
      return { ...state, open: { ...open, proofs: withItem(open.proofs, operation, (proof) => proof.trainer) } };
    case 'withdraw': {
      const proofs = open.proofs.filter(({ trainer }) => !equalBytes(trainer, operation.trainer));
      return { ...state, open: { ...open, proofs, withdrawn: withAddress(open.withdrawn, operation.trainer) } };
    }
    case 'reveal':
      return withAuthority(state, operation.authority, { onion: operation.preimage, revealedRound: operation.round });
    case 'commit': {
      const commit = { authority: operation.authority, commitment: operation.commitment, height: state.height + 1 };
      return withSealed(state, (sealed) => ({ commits: withItem(sealed.commits, commit, (each) => each.authority) }));
    }
    case 'vote': {
      const { type: _, round: __, ...cast } = operation;
      const opened = withAuthority(state, operation.authority, { secretOnion: operation.secretPreimage });
      return withSealed(opened, (sealed) => ({ votes: withItem(sealed.votes, cast, (vote) => vote.authority) }));
    }
    case 'ruling': {
      const cast = { authority: operation.authority, rulings: operation.rulings };
      return withSealed(state, (sealed) => ({ rulings: withItem(sealed.rulings, cast, (each) => each.authority) }));
    }
    case 'exit':
      return startExit(state, operation, context);
    case 'evidence':
      return punish(state, operation, context);
    case 'authority_vote':
      return wish(state, operation);
    case 'renew':
      return renew(state, operation);
  }
}

function withSealed(state: ProtocolState, changes: (sealed: SealedRound) => Partial<SealedRound>): ProtocolState {
  return state.sealed === undefined ? state : { ...state, sealed: { ...state.sealed, ...changes(state.sealed) } };
}
