import { decodeErrorResult, encodeDeployData, encodeFunctionData, type Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import { startApi } from '../../src/api/testing/node.ts';
import { AUTHORITIES, agree, commitment, GENESIS, join, openNode, proof, reveal, TRAINER, vote } from '../../src/chain/testing/network.ts';
import type { SignedOperation } from '../../src/codec/types.ts';
import { STAKE_CONTRACT, TRAINING_CONTRACT } from '../../src/contracts/addresses.ts';
import { STAKE_ABI, TRAINING_ABI } from '../../src/contracts/artifacts.ts';
import { createStakeClient, createTrainingClient } from '../../src/contracts/client.ts';
import { alice, bob, carol } from '../../src/execution/testing/fixture.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { stakeOf } from '../../src/protocol/stakes.ts';
import { compileContract } from '../tools/compile.ts';

/** The system contracts on a real chain: what they tell, what they take, and a contract that pays for what they tell. */

const contracts = new URL('../../contracts/', import.meta.url);
const bounty = compileContract(new URL('examples/TrainingBounty.sol', contracts), [new URL('Training.sol', contracts)]);

const TRAINER_ADDRESS = toHex(TRAINER.address);
const GWEI = 1_000_000_000n;
const POL = 10n ** 18n;

/** A node with an API, and one that judges every block of it. */
async function network() {
  const node = await startApi();
  const judge = await openNode(1);
  const offer = (...operations: readonly SignedOperation[]) => {
    for (const each of [node, judge]) for (const operation of operations) expect(each.operations.add(operation)).toBe('added');
  };
  const block = () => agree(node, judge);
  const until = async (height: number) => {
    while (node.chain.height < height) await block();
  };
  const provider = { request: ({ method, params }: { method: string; params: readonly unknown[] }) => node.result(method, ...params) };
  const seats = AUTHORITIES.map((_, i) => i);

  /** Trains the open round, which the trainer has a place in, and stops before the block that settles it. */
  async function trainRound(isVotedOn: boolean): Promise<number> {
    const { number } = node.chain.state.open;
    offer(proof(TRAINER, number));
    await until(node.chain.state.open.sealsAt);
    offer(...seats.map((i) => reveal(node.chain.state, i, number)));
    await until(node.chain.height + GENESIS.rounds.reveal_blocks);
    const drawn = node.chain.state;
    if (isVotedOn) offer(...seats.map((i) => commitment(drawn, i)));
    await until(drawn.open.sealsAt - GENESIS.rounds.dispute_blocks - GENESIS.rounds.vote_blocks);
    if (isVotedOn) offer(...seats.map((i) => vote(drawn, i)));
    await until(node.chain.state.open.sealsAt - 1);
    return number;
  }
  async function begin(): Promise<void> {
    offer(join(TRAINER, 0));
    await until(node.chain.state.open.sealsAt);
  }
  /** Hash of a transaction of the node's own account. */
  const send = async (transaction: object) => (await node.result('eth_sendTransaction', transaction)) as Hex;
  const receipt = async (hash: Hex) =>
    (await node.result('eth_getTransactionReceipt', hash)) as {
      status: Hex;
      gasUsed: Hex;
      effectiveGasPrice: Hex;
      contractAddress: Hex;
      logs: unknown[];
    };
  /** Name of the custom error that a call reverts with. */
  async function revertOf(transaction: object, abi: typeof bounty.abi): Promise<string | undefined> {
    const error = await node.error('eth_call', transaction, 'latest');
    return error === undefined ? undefined : decodeErrorResult({ abi, data: error.data as Hex }).errorName;
  }
  return { ...node, judge, block, until, begin, trainRound, provider, send, receipt, revertOf };
}

describe('the training contract', () => {
  it('tells what the protocol’s state tells, at every block', async () => {
    const { chain, blocks, block, begin, trainRound, provider, error } = await network();
    const training = createTrainingClient(provider);

    async function compare(): Promise<void> {
      const { state } = chain;
      expect(await training.read('settledRounds')).toBe(BigInt(state.settledRound + 1));
      expect(await training.read('openRound')).toEqual({ number: BigInt(state.open.number), sealsAt: BigInt(state.open.sealsAt) });
      expect(await training.read('modelRoot')).toBe(toHex(state.modelRoot));
      expect(await training.read('minted')).toBe(state.minted);
      expect(await training.read('burned')).toBe(state.burned);
      expect(await training.read('largestReward')).toBe(state.largestReward);
      expect(await training.read('trainerCount')).toBe(state.trainers.length);
      for (const { address, accepted, rejected, reputation, earned } of state.trainers) {
        const account = toHex(address);
        expect(await training.read('trainer', account)).toEqual({ account, accepted, rejected, reputation, earned });
      }
      for (const { address, bonded, unbonding, unbondsAt, offences } of state.stakes) {
        const account = toHex(address);
        const told = { account, bonded, unbonding, unbondsAt: BigInt(unbondsAt), offences };
        expect(await training.read('stakeOf', account)).toEqual(told);
      }
    }

    await block();
    await compare();
    await begin();
    await compare();
    const round = await trainRound(true);
    await compare();
    await expect(training.read('round', BigInt(round))).rejects.toThrow('execution reverted');
    await block();
    await compare();

    const settled = blocks.settledRound(round);
    const record = settled?.proofs[0];
    expect(await training.read('round', BigInt(round))).toEqual({
      number: BigInt(round),
      settledAt: BigInt(chain.height),
      proofs: 1,
      accepted: 1,
      tokens: BigInt(record?.proof.tokens ?? 0),
      modelRoot: toHex(chain.state.modelRoot),
      minted: record?.reward,
    });
    expect(await training.read('proof', BigInt(round), TRAINER_ADDRESS)).toEqual({
      trainer: TRAINER_ADDRESS,
      outcome: 1,
      segments: record?.proof.segments,
      tokens: record?.proof.tokens,
      reward: record?.reward,
      updateHash: toHex(record?.proof.updateHash ?? new Uint8Array()),
    });
    const unknown = await error('eth_call', training.encode('proof', BigInt(round), toHex(carol.address)), 'latest');
    expect(decodeErrorResult({ abi: TRAINING_ABI, data: unknown?.data as Hex })).toMatchObject({ errorName: 'ProofUnknown' });
    expect(await training.read('trainer', toHex(carol.address))).toMatchObject({ accepted: 0, earned: 0n });
  });

  it('is written by nobody', async () => {
    const { error } = await network();
    for (const data of ['0x', '0x12345678', `0x${'00'.repeat(64)}`]) {
      expect(await error('eth_call', { from: `0x${'ff'.repeat(19)}fe`, to: TRAINING_CONTRACT, data }, 'latest')).toMatchObject({ code: 3 });
    }
    expect(await error('eth_call', { to: TRAINING_CONTRACT, value: '0x1' }, 'latest')).toBeDefined();
  });
});

describe('a contract that pays for training', () => {
  it('pays for an accepted proof, once, and for nothing else', async () => {
    const { chain, block, until, begin, trainRound, send, receipt, revertOf, result, execution } = await network();
    await begin();
    const first = chain.state.open.number;
    const price = 1000n;
    const tokens = BigInt(GENESIS.rounds.steps_per_segment * GENESIS.learning.batch_size * GENESIS.model.context_length);
    // A proof in full, and half of another.
    const funds = (tokens * price * 3n) / 2n;
    const deployed = await send({
      data: encodeDeployData({ ...bounty, args: [BigInt(first), BigInt(first + 4), price, 1n] }),
      value: `0x${funds.toString(16)}`,
    });
    await block();
    const { contractAddress: to } = await receipt(deployed);
    const claim = (round: number, trainer: Hex = TRAINER_ADDRESS) =>
      ({ to, data: encodeFunctionData({ abi: bounty.abi, functionName: 'claim', args: [BigInt(round), trainer] }) }) as const;
    const abi = [...bounty.abi, ...TRAINING_ABI];

    // Claimed in the very block that settles the round: the facts are there before its transactions.
    await trainRound(true);
    expect(await revertOf(claim(first), abi)).toBe('RoundUnknown');
    const before = await execution.reader.balance(TRAINER.address);
    const hash = await send({ ...claim(first), gas: '0x30d40' });
    await block();
    const paid = await receipt(hash);
    expect(paid).toMatchObject({ status: '0x1', logs: [{ address: to }] });
    const [accepted] = chain.state.trainers;
    expect((await execution.reader.balance(TRAINER.address)) - before).toBe((accepted?.earned ?? 0n) + tokens * price);
    expect(await result('debug_traceTransaction', hash, { tracer: 'callTracer' })).toMatchObject({ gasUsed: paid.gasUsed });

    expect(await revertOf(claim(first), abi)).toBe('AlreadyPaid');
    expect(await revertOf(claim(first, toHex(bob.address)), abi)).toBe('ProofUnknown');
    expect(await revertOf(claim(first + 5), abi)).toBe('OutsideRounds');

    // A proof that nobody voted on is void: it is told of, and not paid.
    const second = await trainRound(false);
    await block();
    expect(await revertOf(claim(second), abi)).toBe('NotVerified');

    // What is left is less than a third round's proof is worth: it is paid as far as it goes.
    const third = await trainRound(true);
    const earnedBefore = chain.state.trainers[0]?.earned ?? 0n;
    const balanceBefore = await execution.reader.balance(TRAINER.address);
    const rest = await send({ ...claim(third), gas: '0x30d40' });
    await block();
    expect(await receipt(rest)).toMatchObject({ status: '0x1' });
    const reward = (chain.state.trainers[0]?.earned ?? 0n) - earnedBefore;
    expect((await execution.reader.balance(TRAINER.address)) - balanceBefore).toBe(reward + (tokens * price) / 2n);

    // What comes later goes back to the sponsor, once the time to claim is over.
    const close = { to, data: encodeFunctionData({ abi: bounty.abi, functionName: 'close', args: [] }) } as const;
    await send({ to, value: '0x7' });
    await block();
    expect(await revertOf(close, abi)).toBe('NotOver');
    while (chain.state.settledRound <= third) await until(chain.state.open.sealsAt);
    await block();
    const sponsorBefore = await execution.reader.balance(alice.address);
    const closed = await send(close);
    await block();
    const { status, gasUsed, effectiveGasPrice } = await receipt(closed);
    expect(status).toBe('0x1');
    expect(await execution.reader.balance(alice.address)).toBe(sponsorBefore + 7n - BigInt(gasUsed) * BigInt(effectiveGasPrice));
    expect(await revertOf(claim(third), abi)).toBe('AlreadyPaid');
  });

  it('cannot promise rounds that the view will have forgotten', async () => {
    const { revertOf } = await network();
    const data = encodeDeployData({ ...bounty, args: [1n, 8_000n, 1n, 193n] });
    expect(await revertOf({ data }, bounty.abi)).toBe('ForgottenBefore');
  });
});

describe('the stake contract', () => {
  it('stakes what is sent to it, by transfer or call, for oneself or another', async () => {
    const { chain, block, send, receipt, provider } = await network();
    const stake = createStakeClient(provider);
    const least = await stake.read('minimumDeposit');
    expect(least).toBe(BigInt(GENESIS.staking.minimum_deposit));
    const staked = (who: Uint8Array) => stakeOf(chain.state.stakes, who).bonded;

    const sent = [
      await send({ to: STAKE_CONTRACT, value: `0x${(2n * POL).toString(16)}` }),
      await send({ ...stake.encode('deposit'), value: `0x${POL.toString(16)}` }),
      await send({ ...stake.encode('depositFor', toHex(carol.address)), value: `0x${(3n * POL).toString(16)}` }),
    ];
    await block();
    for (const hash of sent) expect(await receipt(hash)).toMatchObject({ status: '0x1', logs: [{ address: STAKE_CONTRACT }] });
    expect(await stake.read('requests')).toEqual([
      { account: toHex(alice.address), isExit: false, amount: 2n * POL },
      { account: toHex(alice.address), isExit: false, amount: POL },
      { account: toHex(carol.address), isExit: false, amount: 3n * POL },
    ]);
    expect(staked(alice.address)).toBe(0n);
    await block();
    expect(staked(alice.address)).toBe(3n * POL);
    expect(staked(carol.address)).toBe(3n * POL);
    await block();
    expect(await stake.read('requests')).toEqual([]);
    expect(staked(alice.address)).toBe(3n * POL);
  });

  it('refuses too little, and asks for nothing back', async () => {
    const { revertOf, provider } = await network();
    const stake = createStakeClient(provider);
    expect(await revertOf({ from: toHex(alice.address), to: STAKE_CONTRACT, value: '0x1' }, [...STAKE_ABI])).toBe('DepositTooSmall');
    expect(await revertOf({ from: toHex(alice.address), ...stake.encode('deposit') }, [...STAKE_ABI])).toBe('DepositTooSmall');
    expect(await revertOf(stake.encode('requestExit', 0n), [...STAKE_ABI])).toBe('NothingAskedBack');
  });

  it('begins to give back what is asked, under the protocol’s rules, and pays it as a withdrawal', async () => {
    const { chain, block, until, send, execution, provider } = await network();
    const stake = createStakeClient(provider);
    await send({ ...stake.encode('deposit'), value: `0x${(5n * POL).toString(16)}` });
    await block();
    await block();
    await send(stake.encode('requestExit', (2n * POL) / GWEI));
    // More than is left: passed over.
    await send(stake.encode('requestExit', (4n * POL) / GWEI));
    await block();
    await block();
    const asked = stakeOf(chain.state.stakes, alice.address);
    expect(asked).toMatchObject({ bonded: 3n * POL, unbonding: 2n * POL });

    const balance = await execution.reader.balance(alice.address);
    while (chain.state.open.number <= asked.unbondsAt) await until(chain.state.open.sealsAt);
    await block();
    expect(stakeOf(chain.state.stakes, alice.address)).toMatchObject({ bonded: 3n * POL, unbonding: 0n });
    expect(await execution.reader.balance(alice.address)).toBe(balance + 2n * POL);
  });
});
