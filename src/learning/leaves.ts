import type { ProofOperation } from '../codec/types.ts';
import { uint64BE } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { merklePaths, merkleRoot, verifyPath } from './merkle.ts';
import type { Opening } from './types.ts';

/** Whose leaves they are: a proof copied by another trainer, or replayed in another round or on another chain, opens nothing. */
export interface LeafScope {
  readonly chainId: number;
  readonly genesisHash: Hash;
  readonly round: number;
  readonly trainer: Address;
}

/**
 * Leaf `index`: the state after that many segments, bound to its scope. The update is not in the leaf: the signed proof names its hash,
 * and whoever re-executes the last segment holds the weights it must have been made from.
 */
export function leafOf(scope: LeafScope, index: number, stateRoot: Hash): Hash {
  return taggedHash(
    'pol/leaf/1',
    uint64BE(scope.chainId),
    scope.genesisHash,
    uint64BE(scope.round),
    scope.trainer,
    uint64BE(index),
    stateRoot,
  );
}

/** Merkle root over leaves 0…k for state roots 0…k. */
export function leavesRoot(scope: LeafScope, stateRoots: readonly Hash[]): Hash {
  return merkleRoot(leaves(scope, stateRoots));
}

/** Opens segments of k = stateRoots.length − 1, whose tree is made once; undefined when there is no such segment. */
export function openerOf(scope: LeafScope, stateRoots: readonly Hash[]): (segment: number) => Opening | undefined {
  const pathTo = merklePaths(leaves(scope, stateRoots));
  return (segment) => {
    const startState = stateRoots[segment];
    const endState = stateRoots[segment + 1];
    if (startState === undefined || endState === undefined) return undefined;
    return { segment, startState, endState, startPath: pathTo(segment), endPath: pathTo(segment + 1) };
  };
}

/** `openerOf` for one segment. */
export function openSegment(scope: LeafScope, stateRoots: readonly Hash[], segment: number): Opening | undefined {
  return openerOf(scope, stateRoots)(segment);
}

/** True when both states of `opening` are the ones that `proof` committed to for `segment`. Never throws. */
export function verifyOpening(scope: LeafScope, proof: ProofOperation, segment: number, opening: Opening): boolean {
  if (opening.segment !== segment || segment < 0 || segment >= proof.segments) return false;
  if (opening.startState.length !== 32 || opening.endState.length !== 32) return false;
  const count = proof.segments + 1;
  return (
    verifyPath(proof.leavesRoot, leafOf(scope, segment, opening.startState), segment, count, opening.startPath) &&
    verifyPath(proof.leavesRoot, leafOf(scope, segment + 1, opening.endState), segment + 1, count, opening.endPath)
  );
}

function leaves(scope: LeafScope, stateRoots: readonly Hash[]): readonly Hash[] {
  return stateRoots.map((root, index) => leafOf(scope, index, root));
}
