import type { Operation, ProofOperation, SignedOperation, Verdict } from '../../codec/types.ts';
import { type Genesis, genesisHash, parseGenesis } from '../../params/genesis.ts';
import { compareBytes, toHex, utf8 } from '../../primitives/bytes.ts';
import { type Hash, taggedHash } from '../../primitives/hash.ts';
import type { Address } from '../../primitives/keys.ts';
import { applyBlock } from '../apply.ts';
import type { ProtocolContext } from '../context.ts';
import { initialProtocolState } from '../genesis-state.ts';
import { createOnion, type Onion } from '../onion.ts';
import type { ProtocolOutput, ProtocolState } from '../types.ts';

/** A network of made-up addresses for tests: blocks by hand, no signatures (the state machine does not look at them). */

export const named = (kind: string, name: number | string): Hash => taggedHash(`test/${kind}`, utf8(String(name)));
export const addressNamed = (name: string): Address => named('address', name).slice(0, 20);

/** `count` trainer addresses, ascending. */
export const trainersNamed = (count: number): readonly Address[] =>
  Array.from({ length: count }, (_, i) => addressNamed(`trainer ${i}`)).sort(compareBytes);

const ONION_DEPTH_IN_TESTS = 64;

export interface TestNetwork {
  readonly context: ProtocolContext;
  readonly initial: ProtocolState;
  /** Ascending by address. */
  readonly authorities: readonly { readonly address: Address; readonly onion: Onion }[];
}

export function testGenesis(
  authorities: Genesis['authorities'],
  changes: { readonly rounds?: Partial<Genesis['rounds']>; readonly rewards?: Partial<Genesis['rewards']> } = {},
): Genesis {
  return parseGenesis({
    format: 'pol-genesis-1',
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
      challenges_per_proof: 2,
      max_trainers: 4,
      ...changes.rounds,
    },
    rewards: {
      emission_per_round: '10000000000000000000',
      halving_rounds: 1000,
      trainer_percent: 70,
      authority_percent: 25,
      max_reward_per_token: '1000000000000000000',
      ...changes.rewards,
    },
  });
}

export function testNetwork(authorityCount: number, changes: Parameters<typeof testGenesis>[1] = {}): TestNetwork {
  const authorities = Array.from({ length: authorityCount }, (_, i) => ({
    address: addressNamed(`authority ${i}`),
    onion: createOnion(named('onion', i), ONION_DEPTH_IN_TESTS),
  }));
  const genesis = testGenesis(
    authorities.map(({ address, onion }) => ({ address: toHex(address), onion_tip: toHex(onion.tip) })),
    changes,
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

export const vote = (authority: Address, round: number, verdicts: readonly Verdict[], heldOutLoss = 3): Operation => ({
  type: 'vote',
  authority,
  round,
  verdicts,
  heldOutLoss,
  heldOutAccuracy: 0.25,
});

export const accept: Verdict = { kind: 'accept' };
export const unavailable: Verdict = { kind: 'unavailable' };
export const fraud = (segment: number): Verdict => ({ kind: 'fraud', segment });

/** Applies the next block; its boundary, when one is due, seals all proofs or those of `sealed`. */
export function nextBlock(
  { context }: TestNetwork,
  state: ProtocolState,
  operations: readonly Operation[] = [],
  sealed: readonly Address[] = state.open.proofs.map((each) => each.trainer),
): ProtocolOutput {
  const height = state.height + 1;
  const boundary =
    height === state.open.sealsAt
      ? { sealed, modelRoot: named('model', state.open.number), startRoot: named('start', state.open.number + 1) }
      : undefined;
  return applyBlock(state, { height, operations: operations.map(unsigned), boundary }, context);
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

/** Plays the rest of a round: all its trainers prove, the boundary seals them, all authorities reveal. Challenges are known after it. */
export function provenRound(
  network: TestNetwork,
  state: ProtocolState,
  segments = 3,
): ProtocolOutput & { readonly votable: ProtocolState } {
  const proven = nextBlock(
    network,
    state,
    state.open.roster.map((trainer) => proof(network, trainer, state.open.number, segments)),
  ).state;
  const boundary = nextBlock(network, beforeBoundary(network, proven));
  const { sealed } = boundary.state;
  if (sealed === undefined) throw new Error('nothing was sealed');
  const reveals = network.authorities.map((authority) => reveal(boundary.state, authority, sealed.number));
  const revealed = nextBlock(network, boundary.state, reveals).state;
  return { ...boundary, votable: idleUntil(network, revealed, sealed.sealedAt + network.context.genesis.rounds.reveal_blocks) };
}

/** Casts these votes and goes through the boundary that settles them. `verdicts[a]` are those of authority a, undefined for no vote. */
export function settledBy(
  network: TestNetwork,
  votable: ProtocolState,
  verdicts: readonly (readonly Verdict[] | undefined)[],
): ProtocolOutput {
  const round = votable.sealed?.number ?? 0;
  const votes = network.authorities.flatMap(({ address }, i) => {
    const own = verdicts[i];
    return own === undefined ? [] : [vote(address, round, own)];
  });
  return nextBlock(network, beforeBoundary(network, nextBlock(network, votable, votes).state));
}
