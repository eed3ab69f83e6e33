import { headerHash } from '../../codec/blocks.ts';
import { signOperation, voteCommitment } from '../../codec/operations.ts';
import type { Block, FinalBlock, Operation, SignedOperation } from '../../codec/types.ts';
import { signVote } from '../../codec/votes.ts';
import { createExecutionEngine } from '../../execution/create-engine.ts';
import { GENESIS_TIME, signerOf, testGenesis } from '../../execution/testing/fixture.ts';
import type { UpdateReference } from '../../learning/types.ts';
import { genesisHash } from '../../params/genesis.ts';
import { compareBytes, toHex, utf8 } from '../../primitives/bytes.ts';
import { type Hash, taggedHash } from '../../primitives/hash.ts';
import type { Signer } from '../../primitives/keys.ts';
import { silentLogger } from '../../primitives/log.ts';
import { initialProtocolState } from '../../protocol/genesis-state.ts';
import { createOnion } from '../../protocol/onion.ts';
import type { ProtocolState, SealedRound } from '../../protocol/types.ts';
import type { KeyValueStore } from '../../store/kv.ts';
import { createMemoryStore } from '../../store/memory.ts';
import { authoritiesAt } from '../authorities.ts';
import { createBlockStore } from '../block-store.ts';
import { type BoundaryOracle, createChain } from '../chain.ts';
import { createHeaderStore } from '../header-store.ts';
import { createOperationPool } from '../operation-pool.ts';
import { createTransactionPool } from '../transaction-pool.ts';
import { acceptingVote } from './votes.ts';

/** A network of three authorities in one process: everything real but the learning engine, whose roots are made up. */

export const named = (kind: string, name: number | string): Hash => taggedHash(`test/${kind}`, utf8(String(name)));

export const AUTHORITIES = [21, 22, 23]
  .map((n) => ({ signer: signerOf(n), onion: createOnion(named('onion', n), 64), secretOnion: createOnion(named('secret', n), 64) }))
  .sort((a, b) => compareBytes(a.signer.address, b.signer.address));
export const ADDRESSES = AUTHORITIES.map(({ signer }) => signer.address);
export const TRAINER = signerOf(31);

export const GENESIS = testGenesis({
  authorities: AUTHORITIES.map(({ signer, onion, secretOnion }) => ({
    address: toHex(signer.address) as string,
    onion_tip: toHex(onion.tip) as string,
    secret_onion_tip: toHex(secretOnion.tip) as string,
  })),
  rounds: {
    blocks_per_round: 6,
    submit_blocks: 2,
    reveal_blocks: 2,
    steps_per_segment: 1,
    max_segments: 4,
    vote_blocks: 1,
    dispute_blocks: 2,
    probation_segments: 4,
    checks_per_authority: 2,
    max_trainers: 4,
  },
  // Above every minimum: rewards are paid out, not locked.
  stakes: Object.fromEntries(
    [...AUTHORITIES.map(({ signer }) => signer), TRAINER].map(({ address }) => [toHex(address), '1000000000000000000000']),
  ),
  rewards: {
    emission_per_round: '10000000000000000000',
    halving_rounds: 100,
    trainer_percent: 70,
    authority_percent: 25,
    bounty_percent: 5,
    max_reward_per_token: '1000000000000000000',
    emission_floor_percent: 100,
    improvement_target_ppm: 1000,
    gate_tolerance_ppm: 50_000,
  },
});
export const CONTEXT = { genesis: GENESIS, genesisHash: genesisHash(GENESIS) };
export const INITIAL = initialProtocolState(GENESIS, CONTEXT.genesisHash, named('model', 'initial'), named('start', 'initial'));

/** A round that was sealed, with nothing in it but what is said. */
export function sealedRound(parts: Partial<SealedRound>): SealedRound {
  const { beacon, startRoot } = INITIAL.open;
  return {
    number: 0,
    openedAt: 0,
    sealedAt: 0,
    beacon,
    roster: [],
    startRoot,
    proofs: [],
    probation: [],
    checksPerAuthority: 2,
    challengeSeed: undefined,
    commits: [],
    votes: [],
    disputes: undefined,
    overflowing: [],
    rulings: [],
    ...parts,
  };
}

export function authority(i: number) {
  const found = AUTHORITIES[i];
  if (found === undefined) throw new RangeError(`there is no authority ${i}`);
  return found;
}

export const signed = <O extends Operation>(operation: O, signer: Signer): SignedOperation<O> =>
  signOperation(operation, CONTEXT.genesisHash, signer);

export const join = (signer: Signer, round: number) => signed({ type: 'join', trainer: signer.address, round }, signer);

export const proof = (signer: Signer, round: number, segments = 1, salt = '') =>
  signed(
    {
      type: 'proof',
      trainer: signer.address,
      round,
      segments,
      tokens: segments * GENESIS.rounds.steps_per_segment * GENESIS.learning.batch_size * GENESIS.model.context_length,
      leavesRoot: named('leaves', round),
      updateHash: named('update', `${round}${salt}`),
      updateBytes: 100,
      loss: 2.5,
    },
    signer,
  );

export function reveal(state: ProtocolState, i: number, round: number) {
  const { signer, onion } = authority(i);
  const record = state.authorities.find((each) => compareBytes(each.address, signer.address) === 0);
  const preimage = record && onion.preimageOf(record.onion);
  if (preimage === undefined) throw new Error('the test onion is used up');
  return signed({ type: 'reveal', authority: signer.address, round, preimage }, signer);
}

/** That of an authority that found everything in order, and the commitment to it. */
export function vote(state: ProtocolState, i: number) {
  const { signer, secretOnion } = authority(i);
  const operation = acceptingVote(state, { address: signer.address, secretOnion });
  if (operation === undefined) throw new Error('nothing is drawn yet');
  return signed(operation, signer);
}

export function commitment(state: ProtocolState, i: number) {
  const { signer } = authority(i);
  const { operation } = vote(state, i);
  const { round } = operation;
  return signed({ type: 'commit', authority: signer.address, round, commitment: voteCommitment(operation) }, signer);
}

/** All updates are held, and every boundary leads to roots named after what it merges. */
export function createTestOracle(): BoundaryOracle & { missing: readonly UpdateReference[]; salt: string } {
  const oracle = {
    missing: [] as readonly UpdateReference[],
    salt: '',
    available: async (updates: readonly UpdateReference[]) =>
      updates.filter(({ updateHash }) => !oracle.missing.some((gone) => toHex(gone.updateHash) === toHex(updateHash))),
    roots: async (input: Parameters<BoundaryOracle['roots']>[0]) => {
      const name = `${oracle.salt} ${input.round} ${input.accepted.length} ${input.sealed.length}`;
      return { modelRoot: named('model', name), startRoot: named('start', name) };
    },
  };
  return oracle;
}

/** One authority's node. Its clock stands at one second for each block, so that no test depends on time. */
export async function openNode(i = 0, store: KeyValueStore = createMemoryStore()) {
  const blocks = createBlockStore(store);
  const headers = createHeaderStore({ store, blocks, genesisAuthorities: ADDRESSES });
  if (blocks.requireGenesis(CONTEXT.genesisHash) === 'new') await store.write(blocks.initialise(CONTEXT.genesisHash, INITIAL));
  const execution = await createExecutionEngine({ genesis: GENESIS }, { store });
  const state = (): ProtocolState => chain.state;
  const operations = createOperationPool({ context: CONTEXT, state });
  const transactions = createTransactionPool({ chainId: GENESIS.chain_id }, { accounts: execution.reader, head: () => execution.head });
  const oracle = createTestOracle();
  const clock = { now: () => (GENESIS_TIME + 1 + chain.height) * 1000, after: () => () => {} };
  const chain: ReturnType<typeof createChain> = createChain(
    {
      context: CONTEXT,
      authoritiesAt: (height) => authoritiesAt(height, chain.state, headers.deciding),
      self: authority(i).signer.address,
    },
    { store, blocks, execution, operations, transactions, boundary: oracle, clock, log: silentLogger },
  );
  return { store, blocks, headers, execution, operations, transactions, oracle, chain };
}
export type TestNode = Awaited<ReturnType<typeof openNode>>;

/** The block with the precommits of these authorities. */
export function finalise(block: Block, signers: readonly Signer[] = AUTHORITIES.map(({ signer }) => signer)): FinalBlock {
  const { height } = block.header;
  const blockHash = headerHash(block.header);
  const signatures = signers.map((signer) => ({
    authority: signer.address,
    signature: signVote({ type: 'precommit', height, round: 0, blockHash, authority: signer.address }, CONTEXT.genesisHash, signer)
      .signature,
  }));
  return { block, certificate: { height, round: 0, blockHash, signatures } };
}

/** The proposer (the first node) builds, all others judge, all commit. */
export async function agree(proposer: TestNode, ...others: readonly TestNode[]): Promise<FinalBlock> {
  const block = await proposer.chain.build();
  for (const { chain } of others) await chain.validate(block);
  const final = finalise(block);
  for (const { chain } of [proposer, ...others]) await chain.commit(final);
  return final;
}

/** Round 1 from joining to reward, on one node: the trainer's only proof is accepted. */
export async function playRound(node: TestNode): Promise<void> {
  const { chain, operations } = node;
  const offer = (...offered: readonly SignedOperation[]) => {
    for (const operation of offered) operations.add(operation);
  };
  const until = async (height: number) => {
    while (chain.height < height) await agree(node);
  };
  const each = AUTHORITIES.map((_, i) => i);
  offer(join(TRAINER, 0));
  await until(chain.state.open.sealsAt);
  offer(proof(TRAINER, 1));
  await until(chain.state.open.sealsAt);
  offer(...each.map((i) => reveal(chain.state, i, 1)));
  await until(chain.height + GENESIS.rounds.reveal_blocks);
  const drawn = chain.state;
  offer(...each.map((i) => commitment(drawn, i)));
  await until(drawn.open.sealsAt - GENESIS.rounds.dispute_blocks - GENESIS.rounds.vote_blocks);
  offer(...each.map((i) => vote(drawn, i)));
  await until(chain.state.open.sealsAt);
}
