import { describe, expect, it } from 'vitest';
import type { Address } from '../primitives/keys.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import { explainReward } from './explain.ts';
import { decodeSettledRound, encodeSettledRound } from './state-codec.ts';
import {
  everyone,
  type Finder,
  fraud,
  fraudulent,
  lazy,
  ok,
  only,
  provenRound,
  settledBy,
  testNetwork,
  trainersNamed,
  withTrainers,
} from './testing/network.ts';
import type { ProtocolOutput, SettledRound } from './types.ts';

const network = testNetwork(4);
const { genesis } = network.context;
const trainers = trainersNamed(3);
const { votable } = provenRound(network, withTrainers(network, trainers));
const honest = ok(network);
const [first, second] = trainers as [Address, Address];
const everybody = [...trainers, ...network.authorities.map(({ address }) => address)];

const withdrawn = ({ withdrawals }: ProtocolOutput, address: Address): bigint =>
  withdrawals.filter((each) => Buffer.from(each.address).equals(address)).reduce((sum, { gwei }) => sum + gwei * WEI_PER_GWEI, 0n);

/** The explanations of a settled round add up to what its block mints, pays and takes. */
function expectSums(output: ProtocolOutput & { readonly settled: SettledRound }): void {
  const { settled } = output;
  let minted = settled.bountyShare;
  for (const address of everybody) {
    const explained = explainReward(settled, address, genesis);
    expect(explained?.paid ?? 0n).toBe(withdrawn(output, address));
    for (const part of [explained?.trainer, explained?.authority]) {
      if (part === undefined) continue;
      expect(part.paid + part.locked + part.unminted).toBe(part.due);
      minted += part.paid + part.locked;
    }
    if (explained?.trainer !== undefined) {
      const { byTokens, cap, due } = explained.trainer;
      const whole = byTokens < cap ? byTokens : cap;
      expect(due).toBe(whole - (whole % WEI_PER_GWEI));
    }
    if (explained?.authority !== undefined && explained.authority.due > 0n) {
      const { seat, done, wanted, due } = explained.authority;
      const part = (seat * BigInt(done)) / BigInt(wanted);
      expect(due).toBe(part - (part % WEI_PER_GWEI));
    }
  }
  expect(minted).toBe(output.state.minted - votable.minted);
}

describe('explainReward', () => {
  it('adds up to the wei of what the settling block mints and pays out, when all is in order', () => {
    const output = settledBy(network, votable, everyone(network, honest as Finder | undefined));
    expectSums(output);
    const explained = explainReward(output.settled, first, genesis);
    expect(explained).toMatchObject({ round: output.settled.round, height: output.state.height, bounties: [], slashes: [] });
    expect(explained?.trainer?.decision).toBe('accepted');
    expect(explained?.emission.trainers).toBeGreaterThan(0n);
  });

  it('says who found a fraud, what that brought, and what was taken and burned', () => {
    const output = settledBy(network, votable, everyone(network, only(fraud, honest, 1, 2)), everyone(network, fraudulent(network)));
    expectSums(output);
    const offender = explainReward(output.settled, second, genesis);
    expect(offender?.trainer).toMatchObject({ decision: 'fraud', due: 0n });
    const [slash] = offender?.slashes ?? [];
    const finders = network.authorities.map(({ address }) => explainReward(output.settled, address, genesis));
    const bounties = finders.flatMap((each) => each?.bounties ?? []);
    expect(bounties.length).toBeGreaterThan(0);
    expect(bounties.every((each) => Buffer.from(each.offender).equals(second))).toBe(true);
    expect(bounties.reduce((sum, { wei }) => sum + wei, 0n)).toBe(slash?.rewarded);
  });

  it('shows an authority that earned nothing why: what it did of what it had to', () => {
    const output = settledBy(network, votable, everyone(network, honest as Finder | undefined).with(2, lazy(network)));
    expectSums(output);
    const explained = explainReward(output.settled, network.authorities[2]?.address as Address, genesis);
    expect(explained?.authority?.due).toBe(0n);
    expect(explained?.slashes).toMatchObject([{ reason: 'false_finding' }]);
  });

  it('is undefined for who had no part, and the record it is made of survives its encoding', () => {
    const output = settledBy(network, votable, everyone(network, honest as Finder | undefined));
    expect(explainReward(output.settled, new Uint8Array(20).fill(9), genesis)).toBeUndefined();
    expect(decodeSettledRound(encodeSettledRound(output.settled))).toEqual(output.settled);
  });
});
