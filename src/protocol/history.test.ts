import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Operation, Verdict } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import { applyOperations } from './apply.ts';
import { challengedSegments } from './challenges.ts';
import { emissionOf } from './emission.ts';
import { decodeProtocolState, decodeSettledRound, encodeProtocolState, encodeSettledRound, protocolRoot } from './state-codec.ts';
import {
  accept,
  addressNamed,
  fraud,
  join,
  nextBlock,
  proof,
  reveal,
  testNetwork,
  unavailable,
  unsigned,
  vote,
} from './testing/network.ts';
import type { ProtocolOutput, ProtocolState } from './types.ts';
import { validateOperation } from './validate-operation.ts';

/** Random histories: in each block anyone may do anything, valid or not; a builder that follows the rules takes what passes. */

const network = testNetwork(4, { rewards: { halving_rounds: 2 } });
const trainers = Array.from({ length: 6 }, (_, i) => addressNamed(`trainer ${i}`));

const anyVerdictChoice = fc.constantFrom('accept', 'accept', 'accept', 'fraud', 'unavailable');
const anyAction = fc.oneof(
  fc.record({ kind: fc.constant('join' as const), who: fc.nat(5), back: fc.nat(2) }),
  fc.record({ kind: fc.constant('proof' as const), who: fc.nat(5), segments: fc.nat(9) }),
  fc.record({ kind: fc.constant('reveal' as const), who: fc.nat(3) }),
  fc.record({ kind: fc.constant('vote' as const), who: fc.nat(3), verdicts: fc.array(anyVerdictChoice, { minLength: 6, maxLength: 6 }) }),
);
type Action = typeof anyAction extends fc.Arbitrary<infer T> ? T : never;
const anyHistory = fc.array(fc.record({ actions: fc.array(anyAction, { maxLength: 12 }), omit: fc.nat(7) }), {
  minLength: 16,
  maxLength: 56,
});

function operationOf(state: ProtocolState, action: Action): Operation {
  const trainer = trainers[action.who] ?? new Uint8Array(20);
  const authority = network.authorities[action.who] ?? network.authorities[0];
  if (authority === undefined) throw new Error('no authorities');
  switch (action.kind) {
    case 'join':
      return join(trainer, Math.max(0, state.open.number - action.back));
    case 'proof':
      return proof(network, trainer, state.open.number, action.segments);
    case 'reveal':
      return reveal(state, authority, state.sealed?.number ?? 0);
    case 'vote': {
      const { sealed } = state;
      const verdicts = (sealed?.proofs ?? []).map((each, i): Verdict => {
        if (action.verdicts[i] === 'unavailable') return unavailable;
        if (action.verdicts[i] === 'accept' || sealed?.challengeSeed === undefined) return accept;
        return fraud(challengedSegments(sealed.challengeSeed, each, network.context.genesis)[0] ?? 0);
      });
      return vote(authority.address, sealed?.number ?? 0, verdicts);
    }
  }
}

type History = readonly { readonly actions: readonly Action[]; readonly omit: number }[];

function play(history: History, onOutput: (output: ProtocolOutput) => void): ProtocolState {
  let state = network.initial;
  for (const { actions, omit } of history) {
    const operations: Operation[] = [];
    let filled = state;
    if (state.height + 1 !== state.open.sealsAt) {
      for (const action of actions) {
        const operation = operationOf(state, action);
        if (validateOperation(filled, operation, network.context).kind !== 'valid') continue;
        filled = applyOperations(filled, [unsigned(operation)], network.context);
        operations.push(operation);
      }
    }
    const sealed = state.open.proofs.map((each) => each.trainer).filter((_, i) => i !== omit);
    const output = nextBlock(network, state, operations, sealed);
    onOutput(output);
    state = output.state;
  }
  return state;
}

const isAscending = (list: readonly Uint8Array[]) => list.every((each, i) => i === 0 || toHex(list[i - 1] ?? each) < toHex(each));

describe('any history', () => {
  it('mints exactly what is withdrawn and credited, and no more than the emission', () => {
    let rewarded = 0;
    fc.assert(
      fc.property(anyHistory, (history) => {
        let withdrawn = 0n;
        const state = play(history, ({ withdrawals, settled }) => {
          const inBlock = withdrawals.reduce((sum, { gwei }) => sum + gwei * WEI_PER_GWEI, 0n);
          withdrawn += inBlock;
          if (settled === undefined) expect(withdrawals).toEqual([]);
          else expect(inBlock <= emissionOf(settled.round, network.context.genesis.rewards)).toBe(true);
          if (inBlock > 0n) rewarded++;
        });
        expect(state.minted).toBe(withdrawn);
        const credited = [...state.trainers, ...state.authorities].reduce((sum, record) => sum + record.earned, 0n);
        expect(credited).toBe(withdrawn);
      }),
      { numRuns: 80, seed: 7 },
    );
    // The property is not vacuous.
    expect(rewarded).toBeGreaterThan(10);
  });

  it('keeps lists ascending, places within bounds and reputations in range', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        play(history, ({ state }) => {
          const { open, sealed, joining, eligible } = state;
          for (const list of [
            open.roster,
            joining,
            eligible,
            open.proofs.map((each) => each.trainer),
            state.trainers.map((each) => each.address),
          ]) {
            expect(isAscending(list)).toBe(true);
          }
          expect(isAscending(sealed?.votes.map((cast) => cast.authority) ?? [])).toBe(true);
          expect(open.roster.length + joining.length).toBeLessThanOrEqual(network.context.genesis.rounds.max_trainers);
          expect(state.height).toBeLessThan(open.sealsAt);
          expect(state.settledRound).toBe(open.number - 2 < 0 ? -1 : open.number - 2);
          for (const { reputation } of [...state.trainers, ...state.authorities]) {
            expect(Number.isInteger(reputation) && reputation >= 0 && reputation <= 1_000_000).toBe(true);
          }
        });
      }),
      { numRuns: 40, seed: 8 },
    );
  });

  it('is the same from a stored state as from one in memory, and the same twice', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const roots: string[] = [];
        play(history, ({ state, settled }) => {
          const decoded = decodeProtocolState(encodeProtocolState(state));
          expect(decoded).toEqual(state);
          expect(protocolRoot(decoded)).toEqual(protocolRoot(state));
          expect(nextBlock(network, decoded)).toEqual(nextBlock(network, state));
          if (settled !== undefined) expect(decodeSettledRound(encodeSettledRound(settled))).toEqual(settled);
          roots.push(toHex(protocolRoot(state)));
        });
        const again: string[] = [];
        play(history, ({ state }) => again.push(toHex(protocolRoot(state))));
        expect(again).toEqual(roots);
        expect(new Set(roots).size).toBe(roots.length);
      }),
      { numRuns: 10, seed: 9 },
    );
  });
});
