import fc from 'fast-check';
import { segmentDigest } from '../../codec/segment-digest.ts';
import type { ConsensusStatement, Finding, Operation, Ruling, VoteOperation } from '../../codec/types.ts';
import { signVote } from '../../codec/votes.ts';
import { compareBytes } from '../../primitives/bytes.ts';
import type { Address } from '../../primitives/keys.ts';
import { WEI_PER_POL } from '../../primitives/units.ts';
import { applyOperations } from '../apply.ts';
import type { SegmentRef } from '../draw.ts';
import type { Deposit, ProtocolOutput, ProtocolState } from '../types.ts';
import { validateOperation } from '../validate-operation.ts';
import {
  addressNamed,
  commit,
  type Finder,
  fraud,
  fraudulent,
  held,
  join,
  named,
  nextBlock,
  ok,
  proof,
  type Ruler,
  reveal,
  ruling,
  stepsOf,
  type TestAuthority,
  type TestNetwork,
  unsigned,
  vote,
  wrongSteps,
} from './network.ts';

/**
 * Random histories of a network: in each block anyone may do anything, valid or not; a builder that follows the rules takes what
 * passes. Which segments are forged is fixed by the scenario, so that honest findings are defined.
 */

const TRAINERS = 6;
export const historyTrainers: readonly Address[] = Array.from({ length: TRAINERS }, (_, i) => addressNamed(`trainer ${i}`));

const anyLie = fc.constantFrom('ok', 'ok', 'ok', 'ok', 'lazy', 'fraud', 'unavailable', 'unchecked');
const anyAction = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('join' as const), who: fc.nat(TRAINERS - 1), back: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('proof' as const), who: fc.nat(TRAINERS - 1), segments: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), who: fc.nat(TRAINERS - 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('exit' as const), who: fc.nat(TRAINERS + 3), gwei: fc.bigInt({ min: 0n, max: 10n ** 13n }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('evidence' as const), who: fc.nat(3), by: fc.nat(TRAINERS - 1), back: fc.nat(9) }),
  },
);
type Action = typeof anyAction extends fc.Arbitrary<infer T> ? T : never;

/** What a faulty authority does in a block: nothing, or its duty with some lies. */
const anyConduct = fc.record({
  acts: fc.nat(9).map((chance) => chance > 0),
  lies: fc.array(anyLie, { minLength: 1, maxLength: 7 }),
  loss: fc.nat(3),
});
type Conduct = typeof anyConduct extends fc.Arbitrary<infer T> ? T : never;

const anyDeposit = fc.record({ who: fc.nat(TRAINERS + 3), wei: fc.bigInt({ min: 0n, max: 20n * WEI_PER_POL }) });
export interface HistoryBlock {
  readonly actions: readonly Action[];
  /** By authority. */
  readonly conduct: readonly Conduct[];
  readonly deposits: readonly { readonly who: number; readonly wei: bigint }[];
  /** Place of a proof that the boundary leaves out. */
  readonly omit: number;
}

export const anyHistory = (minLength: number, maxLength: number): fc.Arbitrary<readonly HistoryBlock[]> =>
  fc.array(
    fc.record({
      actions: fc.array(anyAction, { maxLength: 8 }),
      conduct: fc.array(anyConduct, { minLength: 4, maxLength: 4 }),
      deposits: fc.array(anyDeposit, { maxLength: 2 }),
      omit: fc.nat(9),
    }),
    { minLength, maxLength, size: 'max' },
  );

export interface Conspiracy {
  /** Indices of authorities that may lie; all others find and rule what is there, and do all of it in time. */
  readonly faulty: ReadonlySet<number>;
  /** Indices of trainers whose every segment is forged. */
  readonly forging: ReadonlySet<number>;
}

const whoAmong = ({ authorities }: TestNetwork, who: number): Address =>
  historyTrainers[who] ?? authorities[who - TRAINERS]?.address ?? addressNamed('stranger');

/** Plays a history. */
export function play(
  network: TestNetwork,
  history: readonly HistoryBlock[],
  conspiracy: Conspiracy,
  onOutput: (output: ProtocolOutput, block: { readonly deposits: readonly Deposit[]; readonly operations: readonly Operation[] }) => void,
): ProtocolState {
  const ballots = new Map<number, VoteOperation>();
  let state = network.initial;
  for (const { actions, conduct, deposits: wanted, omit } of history) {
    const operations: Operation[] = [];
    let filled = state;
    const offer = (operation: Operation | undefined) => {
      if (operation === undefined || validateOperation(filled, operation, network.context).kind !== 'valid') return;
      filled = applyOperations(filled, [unsigned(operation)], network.context);
      operations.push(operation);
    };
    network.authorities.forEach((authority, who) => {
      const own = conduct[who];
      const isFaulty = own !== undefined && conspiracy.faulty.has(who);
      if (isFaulty && !own.acts) return;
      const knowledge = isFaulty ? lying(network, who, own) : honest(network, state, conspiracy);
      for (const operation of dutyOf(state, authority, knowledge, { of: who, ballots })) offer(operation);
    });
    for (const action of actions) offer(operationOf(network, state, action, conspiracy));
    const deposits = wanted.map(({ who, wei }) => ({ address: whoAmong(network, who), wei }));
    const sealed = state.open.proofs.map((each) => each.trainer).filter((_, i) => i !== omit);
    const output = nextBlock(network, state, operations, sealed, deposits);
    onOutput(output, { deposits, operations });
    state = output.state;
  }
  return state;
}

/** What an authority says about segments. */
interface Knowledge {
  readonly find: Finder;
  readonly rule: Ruler;
  readonly heldOutLoss: number;
}

/** An authority's duty, each part as soon as it can: reveal, commit, open, rule. */
function dutyOf(
  state: ProtocolState,
  authority: TestAuthority,
  { find, rule, heldOutLoss }: Knowledge,
  memory: { readonly of: number; readonly ballots: Map<number, VoteOperation> },
): readonly (Operation | undefined)[] {
  const { sealed } = state;
  if (sealed === undefined) return [];
  const known = memory.ballots.get(memory.of);
  const isNew = sealed.challengeSeed !== undefined && known?.round !== sealed.number;
  const ballot = isNew ? vote(state, authority, find, { heldOutLoss }) : known;
  if (isNew && ballot !== undefined) memory.ballots.set(memory.of, ballot);
  return [reveal(state, authority, sealed.number), ballot && commit(ballot), ballot, ruling(state, authority, rule)];
}

function honest(network: TestNetwork, state: ProtocolState, { forging }: Conspiracy): Knowledge {
  const isForged = ({ proof: at }: SegmentRef) => {
    const trainer = state.sealed?.proofs[at]?.trainer;
    return historyTrainers.some((each, i) => forging.has(i) && trainer !== undefined && compareBytes(each, trainer) === 0);
  };
  return {
    find: (ref) => (isForged(ref) ? fraud(ref) : ok(network)(ref)),
    rule: (ref) => (isForged(ref) ? fraudulent(network)(ref) : held(network)(ref)),
    heldOutLoss: 3,
  };
}

function lying(network: TestNetwork, who: number, { lies, loss }: Conduct): Knowledge {
  const action = { who, lies };
  return { find: (ref) => lyingFinding(network, ref, action), rule: (ref) => lyingRuling(network, ref, action), heldOutLoss: loss };
}

function operationOf(network: TestNetwork, state: ProtocolState, action: Action, { faulty }: Conspiracy): Operation | undefined {
  const trainer = historyTrainers[action.who] ?? addressNamed('stranger');
  const { number } = state.open;
  switch (action.kind) {
    case 'join':
      return join(trainer, Math.max(0, number - action.back));
    case 'proof':
      return proof(network, trainer, number, action.segments);
    case 'withdraw':
      return { type: 'withdraw', trainer, round: number };
    case 'exit':
      return { type: 'exit', account: whoAmong(network, action.who), round: number, gwei: action.gwei };
    case 'evidence': {
      const authority = network.authorities[action.who];
      if (authority === undefined || !faulty.has(action.who)) return undefined;
      const height = Math.max(1, state.height - action.back);
      const statement = (block: string): ConsensusStatement => {
        const place = { type: 'prevote' as const, height, round: 0, blockHash: named('block', block), authority: authority.address };
        return { kind: 'vote', vote: signVote(place, network.context.genesisHash, authority.signer) };
      };
      const reporter = historyTrainers[action.by] ?? trainer;
      return { type: 'evidence', reporter, round: number, first: statement('a'), second: statement('b') };
    }
  }
}

interface Lies {
  readonly who: number;
  readonly lies: readonly string[];
}

const lieOn = ({ lies }: Lies, { proof: at, segment }: SegmentRef) => lies[(at * 3 + segment) % lies.length];

function lyingFinding(network: TestNetwork, ref: SegmentRef, action: Lies): Finding {
  switch (lieOn(action, ref)) {
    case 'fraud':
      return { kind: 'fraud', fault: 'state' };
    case 'unavailable':
      return { kind: 'unavailable' };
    case 'unchecked':
      return { kind: 'unchecked' };
    case 'lazy':
      return { kind: 'ok', digest: segmentDigest(wrongSteps(network, ref, 0, action.who)) };
    default:
      return { kind: 'ok', digest: segmentDigest(stepsOf(network, ref)) };
  }
}

function lyingRuling(network: TestNetwork, { proof: at, segment }: SegmentRef, action: Lies): Ruling | undefined {
  const ref = { proof: at, segment };
  switch (lieOn(action, ref)) {
    case 'fraud':
      return { ...ref, kind: 'fraud', fault: 'state', steps: wrongSteps(network, ref, 1, action.who) };
    case 'unavailable':
      return { ...ref, kind: 'unavailable' };
    case 'unchecked':
      return undefined;
    case 'lazy':
      return { ...ref, kind: 'held', steps: wrongSteps(network, ref, 2, action.who) };
    default:
      return { ...ref, kind: 'held', steps: stepsOf(network, ref) };
  }
}
