import { describe, expect, it } from 'vitest';
import { dealTo, drawSegments } from './draw.ts';
import { named, proof, testNetwork, trainersNamed } from './testing/network.ts';
import { expectedCost, verificationCost } from './verification-cost.ts';

const network = testNetwork(4);

describe('the cost of verification', () => {
  it('is what was executed again, of what was proven', () => {
    const authority = network.authorities[0]?.signer.address ?? new Uint8Array(20);
    const work = { authorityWork: [{ authority, wanted: 5, done: 3 }] };
    expect(verificationCost({ proofs: [], ...work }).share).toBeUndefined();
    const [trainer = authority] = trainersNamed(1);
    const proofs = [{ proof: proof(network, trainer, 0, 12) }] as never;
    expect(verificationCost({ proofs, ...work })).toEqual({ proven: 12, dealt: 5, rerun: 3, share: 0.25 });
  });

  it.each([1, 2, 3, 5, 40])('follows from %i checks for each authority as the draw deals them', (checksPerAuthority) => {
    const proofs = trainersNamed(3).map((trainer) => proof(network, trainer, 0, 12));
    const seats = network.authorities.map(({ signer }) => signer.address);
    const draw = drawSegments({ proofs, probation: [], checksPerAuthority }, named('seed', 1), seats);
    const dealt = seats.reduce((sum, seat) => sum + dealTo(draw, seat, named('secret', 1)).length, 0);
    const checks = Math.max(2, checksPerAuthority);
    expect(dealt / draw.segments.length).toBeCloseTo(expectedCost(3, 36, 4, checks), 12);
  });
});
