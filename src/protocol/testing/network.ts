import { voteCommitment } from '../../codec/operations.ts';
import { segmentDigest } from '../../codec/segment-digest.ts';
import type { Finding, Operation, ProofOperation, Ruling, SignedOperation, VoteOperation } from '../../codec/types.ts';
import { ARITHMETIC, type Genesis, genesisHash, parseGenesis } from '../../params/genesis.ts';
import { compareBytes, toHex, utf8 } from '../../primitives/bytes.ts';
import { type Hash, taggedHash } from '../../primitives/hash.ts';
import { type Address, type Signer, signerFromPrivateKey } from '../../primitives/keys.ts';
import { WEI_PER_POL } from '../../primitives/units.ts';
import { applyBlock } from '../apply.ts';
import { nextAuthorities } from '../authority-set.ts';
import type { ProtocolContext } from '../context.ts';
import { dealTo, drawOf, type SegmentRef } from '../draw.ts';
import { initialProtocolState } from '../genesis-state.ts';
import { createOnion, type Onion } from '../onion.ts';
import { type Deadlines, deadlinesOf } from '../timeline.ts';
import type { Deposit, ProtocolOutput, ProtocolState, SettledRound } from '../types.ts';
import { validateOperation } from '../validate-operation.ts';

/** A network of made-up addresses for tests: blocks by hand, no signatures (the state machine does not look at them). */

export const named = (kind: string, name: number | string): Hash => taggedHash(`test/${kind}`, utf8(String(name)));
export const addressNamed = (name: string): Address => named('address', name).slice(0, 20);

/** `count` trainer addresses, ascending. */
export const trainersNamed = (count: number): readonly Address[] =>
  Array.from({ length: count }, (_, i) => addressNamed(`trainer ${i}`)).sort(compareBytes);

const ONION_DEPTH_IN_TESTS = 64;
/** Above the minimum of authorities and trainers, whatever happens in a test. */
export const TEST_STAKE = 1000n * WEI_PER_POL;
const STAKED_TRAINERS = 8;

export interface TestAuthority {
  readonly address: Address;
  readonly signer: Signer;
  readonly onion: Onion;
  readonly secretOnion: Onion;
}

export interface TestNetwork {
  readonly context: ProtocolContext;
  readonly initial: ProtocolState;
  /** Ascending by address. */
  readonly authorities: readonly TestAuthority[];
}

interface GenesisChanges {
  readonly rounds?: Partial<Genesis['rounds']>;
  readonly rewards?: Partial<Genesis['rewards']>;
  readonly staking?: Partial<Genesis['staking']>;
  /** In wei, by lower-case address; the authorities and the trainers of `trainersNamed` have TEST_STAKE if left out. */
  readonly stakes?: Readonly<Record<string, string>>;
}

export function testGenesis(authorities: Genesis['authorities'], changes: GenesisChanges = {}): Genesis {
  return parseGenesis({
    format: 'pol-genesis-1',
    arithmetic: ARITHMETIC,
    name: 'test',
    chain_id: 77,
    timestamp: 1_700_000_000,
    authorities,
    alloc: {},
    gas_limit: 30_000_000,
    base_fee_per_gas: '1000000000',
    block_interval_ms: 1000,
    model: {
      vocab_size: 256,
      dim: 32,
      layers: 1,
      heads: 2,
      kv_heads: 1,
      hidden_dim: 64,
      context_length: 16,
      tied_embeddings: true,
      rope_theta: 10_000,
      norm_eps: 1e-5,
    },
    tokenizer: { kind: 'gpt2' },
    data: { source: 'file:text', root: toHex(named('data', 0)), tokens: 10_000, held_out_tokens: 1000 },
    learning: {
      batch_size: 4,
      learning_rate: 1e-3,
      warmup_steps: 10,
      total_steps: 1000,
      decay_fraction: 0.2,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      weight_decay: 0.1,
      clip_norm: 1,
      outer_learning_rate: 0.7,
      outer_momentum: 0.6,
      init_seed: toHex(named('init', 0)),
    },
    rounds: {
      blocks_per_round: 6,
      submit_blocks: 2,
      reveal_blocks: 2,
      steps_per_segment: 5,
      max_segments: 8,
      vote_blocks: 1,
      dispute_blocks: 2,
      probation_segments: 4,
      checks_per_authority: 2,
      max_trainers: 4,
      ...changes.rounds,
    },
    rewards: {
      emission_per_round: '10000000000000000000',
      halving_rounds: 1000,
      trainer_percent: 70,
      authority_percent: 25,
      bounty_percent: 5,
      max_reward_per_token: '1000000000000000000',
      emission_floor_percent: 50,
      improvement_target_ppm: 1000,
      gate_tolerance_ppm: 50_000,
      ...changes.rewards,
    },
    stakes: changes.stakes ?? {},
    staking: { unbonding_rounds: 2, minimum_deposit: '1000000000000000000', ...changes.staking },
  });
}

export function testAuthority(name: number | string): TestAuthority {
  const signer = signerFromPrivateKey(named('authority', name));
  const onion = createOnion(named('onion', name), ONION_DEPTH_IN_TESTS);
  const secretOnion = createOnion(named('secret onion', name), ONION_DEPTH_IN_TESTS);
  return { address: signer.address, signer, onion, secretOnion };
}

export function testNetwork(authorityCount: number, changes: GenesisChanges = {}): TestNetwork {
  const authorities = Array.from({ length: authorityCount }, (_, i) => testAuthority(i));
  const staked = [...authorities.map(({ address }) => address), ...trainersNamed(STAKED_TRAINERS)];
  const stakes = Object.fromEntries(staked.map((address) => [toHex(address), TEST_STAKE.toString()]));
  const genesis = testGenesis(
    authorities.map(({ address, onion, secretOnion }) => {
      return { address: toHex(address), onion_tip: toHex(onion.tip), secret_onion_tip: toHex(secretOnion.tip) };
    }),
    { stakes, ...changes },
  );
  const context = { genesis, genesisHash: genesisHash(genesis) };
  return {
    context,
    initial: initialProtocolState(genesis, context.genesisHash, named('model', 'initial'), named('start', 'initial')),
    authorities: authorities.sort((a, b) => compareBytes(a.address, b.address)),
  };
}

export const unsigned = (operation: Operation): SignedOperation => ({ operation, signature: new Uint8Array(65) });

export const join = (trainer: Address, round: number): Operation => ({ type: 'join', trainer, round });

export function proof({ context }: TestNetwork, trainer: Address, round: number, segments = 3): ProofOperation {
  const { genesis } = context;
  return {
    type: 'proof',
    trainer,
    round,
    segments,
    tokens: segments * genesis.rounds.steps_per_segment * genesis.learning.batch_size * genesis.model.context_length,
    leavesRoot: named('leaves', `${toHex(trainer)} ${round}`),
    updateHash: named('update', `${toHex(trainer)} ${round}`),
    updateBytes: 1000,
    loss: 2.5,
  };
}

export function reveal(state: ProtocolState, authority: TestNetwork['authorities'][number], round: number): Operation {
  const record = state.authorities.find((each) => compareBytes(each.address, authority.address) === 0);
  const preimage = record && authority.onion.preimageOf(record.onion);
  if (preimage === undefined) throw new Error('the test onion is used up');
  return { type: 'reveal', authority: authority.address, round, preimage };
}

export const secretPreimageOf = (state: ProtocolState, authority: TestAuthority): Hash => {
  const record = state.authorities.find((each) => compareBytes(each.address, authority.address) === 0);
  const preimage = record && authority.secretOnion.preimageOf(record.secretOnion);
  if (preimage === undefined) throw new Error('the secret test onion is used up');
  return preimage;
};

/** Digests of the inner steps of a segment, as every honest execution finds them. */
export const stepsOf = ({ context }: TestNetwork, { proof, segment }: SegmentRef): readonly Hash[] =>
  Array.from({ length: context.genesis.rounds.steps_per_segment }, (_, step) => named('step', `${proof} ${segment} ${step}`));

/** The same with what an invented or faulty execution has from step `from` on. */
export const wrongSteps = (network: TestNetwork, ref: SegmentRef, from = 0, liar = 0): readonly Hash[] =>
  stepsOf(network, ref).map((digest, step) => (step < from ? digest : named('wrong step', `${liar} ${step}`)));

export type Finder = (ref: SegmentRef) => Finding;
export type Ruler = (ref: SegmentRef) => Ruling | undefined;

export const ok =
  (network: TestNetwork): Finder =>
  (ref) => ({ kind: 'ok', digest: segmentDigest(stepsOf(network, ref)) });
export const lazy =
  (network: TestNetwork, liar = 0): Finder =>
  (ref) => ({ kind: 'ok', digest: segmentDigest(wrongSteps(network, ref, 0, liar)) });
export const unavailable: Finder = () => ({ kind: 'unavailable' });
export const unchecked: Finder = () => ({ kind: 'unchecked' });
export const fraud: Finder = () => ({ kind: 'fraud', fault: 'state' });
/** `special` on the segments of one proof, or on one segment; `otherwise` on all others. */
export const only =
  (special: Finder, otherwise: Finder, proof: number, segment?: number): Finder =>
  (ref) =>
    ref.proof === proof && (segment === undefined || ref.segment === segment) ? special(ref) : otherwise(ref);

export const held =
  (network: TestNetwork): Ruler =>
  (ref) => ({ ...refOf(ref), kind: 'held', steps: stepsOf(network, ref) });
export const fraudulent =
  (network: TestNetwork): Ruler =>
  (ref) => ({ ...refOf(ref), kind: 'fraud', fault: 'state', steps: stepsOf(network, ref) });
export const unserved: Ruler = (ref) => ({ ...refOf(ref), kind: 'unavailable' });
const refOf = ({ proof, segment }: SegmentRef): SegmentRef => ({ proof, segment });

type Measured = Partial<Pick<VoteOperation, 'gateBaseline' | 'gateLosses' | 'heldOutLoss' | 'heldOutAccuracy'>>;

/** A vote on the sealed round with what `find` says about each segment dealt. */
export function vote(state: ProtocolState, authority: TestAuthority, find: Finder, measured: Measured = {}): VoteOperation {
  const draw = drawOf(state);
  const secretPreimage = secretPreimageOf(state, authority);
  return {
    type: 'vote',
    authority: authority.address,
    round: state.sealed?.number ?? 0,
    secretPreimage,
    findings: draw === undefined ? [] : dealTo(draw, authority.address, secretPreimage).map(find),
    gateBaseline: 3.5,
    gateLosses: (state.sealed?.proofs ?? []).map(() => 3.25),
    heldOutLoss: 3,
    heldOutAccuracy: 0.25,
    ...measured,
  };
}

export const commit = (operation: VoteOperation): Operation => ({
  type: 'commit',
  authority: operation.authority,
  round: operation.round,
  commitment: voteCommitment(operation),
});

/** Rulings on all open disputes; undefined when it rules on none. */
export function ruling(state: ProtocolState, authority: TestAuthority, rule: Ruler): Operation | undefined {
  const rulings = (state.sealed?.disputes ?? []).flatMap((dispute) => rule(dispute) ?? []);
  if (rulings.length === 0) return undefined;
  return { type: 'ruling', authority: authority.address, round: state.sealed?.number ?? 0, rulings };
}

/** How an operation stands for the block after a state: 'valid', or the kind and the rule it does not meet. */
export const judgeIn =
  ({ context }: TestNetwork) =>
  (state: ProtocolState, operation: Operation): string => {
    const result = validateOperation(state, operation, context);
    return result.kind === 'valid' ? 'valid' : `${result.kind}: ${result.reason}`;
  };

/** Applies the next block; its boundary, when one is due, seals all proofs or those of `sealed`. */
export function nextBlock(
  { context }: TestNetwork,
  state: ProtocolState,
  operations: readonly Operation[] = [],
  sealed: readonly Address[] = state.open.proofs.map((each) => each.trainer),
  deposits: readonly Deposit[] = [],
): ProtocolOutput {
  const height = state.height + 1;
  const boundary =
    height === state.open.sealsAt
      ? {
          sealed,
          modelRoot: named('model', state.open.number),
          startRoot: named('start', state.open.number + 1),
          authorities: nextAuthorities(state),
        }
      : undefined;
  return applyBlock(state, { height, operations: operations.map(unsigned), boundary, deposits }, context);
}

/** Empty blocks until `height` is reached. */
export function idleUntil(network: TestNetwork, state: ProtocolState, height: number): ProtocolState {
  let current = state;
  while (current.height < height) current = nextBlock(network, current).state;
  return current;
}

/** The state at the last block before the open round's boundary. */
export const beforeBoundary = (network: TestNetwork, state: ProtocolState): ProtocolState =>
  idleUntil(network, state, state.open.sealsAt - 1);

/** The state in which round 1 has just opened with these trainers. */
export function withTrainers(network: TestNetwork, trainers: readonly Address[]): ProtocolState {
  const asked = nextBlock(
    network,
    network.initial,
    trainers.map((trainer) => join(trainer, 0)),
  ).state;
  return idleUntil(network, asked, asked.open.sealsAt);
}

/** Plays the rest of a round: all its trainers prove, the boundary seals them, authorities reveal. The draw is known after it. */
export function provenRound(
  network: TestNetwork,
  state: ProtocolState,
  segments = 3,
  revealing: readonly TestAuthority[] = network.authorities,
): ProtocolOutput & { readonly votable: ProtocolState } {
  const proven = nextBlock(
    network,
    state,
    state.open.roster.map((trainer) => proof(network, trainer, state.open.number, segments)),
  ).state;
  const boundary = nextBlock(network, beforeBoundary(network, proven));
  const { sealed } = boundary.state;
  if (sealed === undefined) throw new Error('nothing was sealed');
  const reveals = revealing.map((authority) => reveal(boundary.state, authority, sealed.number));
  const revealed = nextBlock(network, boundary.state, reveals).state;
  return { ...boundary, votable: idleUntil(network, revealed, sealed.sealedAt + network.context.genesis.rounds.reveal_blocks) };
}

export const deadlines = ({ context }: TestNetwork, state: ProtocolState): Deadlines =>
  deadlinesOf(state, state.sealed?.sealedAt ?? 0, context.genesis);

/** One entry for each authority in ascending order; undefined for one that keeps silent. */
export type PerAuthority<T> = readonly (T | undefined)[];

/** All commit to these votes. */
export function committed(network: TestNetwork, votable: ProtocolState, votes: readonly VoteOperation[]): ProtocolState {
  return idleUntil(network, nextBlock(network, votable, votes.map(commit)).state, deadlines(network, votable).commits);
}

/** Votes are committed to and opened: the state in which the disputes are known. */
export function votedBy(
  network: TestNetwork,
  votable: ProtocolState,
  finders: PerAuthority<Finder>,
  measured: (authority: number) => Measured = () => ({}),
): ProtocolState {
  const votes = network.authorities.flatMap((authority, i) => {
    const find = finders[i];
    return find === undefined ? [] : [vote(votable, authority, find, measured(i))];
  });
  const opened = nextBlock(network, committed(network, votable, votes), votes).state;
  return idleUntil(network, opened, deadlines(network, votable).votes);
}

/** Rules on the disputes there are, in one block. */
export function ruledBy(network: TestNetwork, disputed: ProtocolState, rulers: PerAuthority<Ruler>): ProtocolState {
  const rulings = network.authorities.flatMap((authority, i) => {
    const rule = rulers[i];
    return (rule && ruling(disputed, authority, rule)) ?? [];
  });
  return rulings.length === 0 ? disputed : nextBlock(network, disputed, rulings).state;
}

/** Votes, rules and goes through the boundary that settles; without rulers everybody rules that disputed segments hold. */
export function settledBy(
  network: TestNetwork,
  votable: ProtocolState,
  finders: PerAuthority<Finder>,
  rulers: PerAuthority<Ruler> = network.authorities.map(() => held(network)),
  measured?: (authority: number) => Measured,
): ProtocolOutput & { readonly settled: SettledRound } {
  const ruled = ruledBy(network, votedBy(network, votable, finders, measured), rulers);
  const output = nextBlock(network, beforeBoundary(network, ruled));
  if (output.settled === undefined) throw new Error('nothing was settled');
  return { ...output, settled: output.settled };
}

export const everyone = <T>(network: TestNetwork, what: T): readonly T[] => network.authorities.map(() => what);
