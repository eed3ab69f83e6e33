import { describe, expect, it } from 'vitest';
import type { ProofOperation } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { PolError } from '../primitives/errors.ts';
import { decodeProtocolState, encodeProtocolState, protocolRoot } from './state-codec.ts';
import { accept, fraud, provenRound, settledBy, testNetwork, trainersNamed, withTrainers } from './testing/network.ts';
import type { ProtocolState } from './types.ts';

const network = testNetwork(4);
const { votable } = provenRound(network, withTrainers(network, trainersNamed(2)));
const { state } = settledBy(network, votable, [[accept, fraud(2)], [accept, fraud(2)], [accept, fraud(2)], undefined]);

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('the protocol root', () => {
  it('is fixed: a change of the format is a change of the protocol', () => {
    const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);
    const proof: ProofOperation = {
      type: 'proof',
      trainer: bytes(20, 0x21),
      round: 6,
      segments: 2,
      tokens: 4096,
      leavesRoot: bytes(32, 0x22),
      updateHash: bytes(32, 0x23),
      updateBytes: 70_000,
      loss: 2.5,
    };
    const round = { openedAt: 90, beacon: bytes(32, 1), roster: [proof.trainer], startRoot: bytes(32, 2), proofs: [proof] };
    const fixed: ProtocolState = {
      height: 100,
      beacon: bytes(32, 3),
      modelRoot: bytes(32, 4),
      settledRound: -1,
      open: { ...round, number: 7, sealsAt: 116, proofs: [] },
      sealed: {
        ...round,
        number: 6,
        sealedAt: 99,
        challengeSeed: bytes(32, 5),
        votes: [{ authority: bytes(20, 0x31), verdicts: [{ kind: 'fraud', segment: 1 }], heldOutLoss: 3, heldOutAccuracy: 0.5 }],
      },
      trainers: [
        { address: proof.trainer, joinedRound: 1, reputation: 500_000, earned: 10n ** 18n, accepted: 1, rejected: 0, lastSealedRound: 6 },
      ],
      authorities: [{ address: bytes(20, 0x31), reputation: 1_000_000, earned: 0n, onion: bytes(32, 6), revealedRound: -1 }],
      minted: 10n ** 18n,
      heldOut: { round: 5, loss: 3.5, accuracy: 0.25 },
      joining: [bytes(20, 0x41)],
      eligible: [],
    };
    expect(toHex(protocolRoot(fixed))).toBe('0x504d64e63f48ade0daadf6ee88e05acea51aea5e1d515252b1cdfaa27c49ac68');
    expect(toHex(encodeProtocolState(fixed).slice(0, 16))).toBe('0xf9024964a00303030303030303030303');
  });

  it('covers every field', () => {
    const root = toHex(protocolRoot(votable));
    const { sealed } = votable;
    if (sealed === undefined) throw new Error('not sealed');
    const other = new Uint8Array(32).fill(1);
    const changes: readonly Partial<ProtocolState>[] = [
      { height: 99 },
      { beacon: other },
      { modelRoot: other },
      { settledRound: 7 },
      { minted: 1n },
      { heldOut: { round: 1, loss: 1, accuracy: 1 } },
      { joining: [new Uint8Array(20)] },
      { eligible: [new Uint8Array(20)] },
      { trainers: votable.trainers.slice(1) },
      { authorities: votable.authorities.map((record, i) => (i === 2 ? { ...record, revealedRound: 0 } : record)) },
      { open: { ...votable.open, sealsAt: 99 } },
      { open: { ...votable.open, beacon: other } },
      { open: { ...votable.open, roster: [] } },
      { sealed: undefined },
      { sealed: { ...sealed, challengeSeed: undefined } },
      { sealed: { ...sealed, challengeSeed: other } },
      { sealed: { ...sealed, proofs: sealed.proofs.map((proof) => ({ ...proof, loss: 9 })) } },
      { sealed: { ...sealed, votes: [{ authority: other.slice(12), verdicts: [], heldOutLoss: 1, heldOutAccuracy: 0 }] } },
    ];
    const roots = changes.map((change) => toHex(protocolRoot({ ...votable, ...change })));
    expect(new Set([root, ...roots]).size).toBe(changes.length + 1);
  });
});

describe('a stored state', () => {
  it('is refused when bytes are missing, added or altered into another form', () => {
    const bytes = encodeProtocolState(state);
    expect(() => decodeProtocolState(bytes.slice(0, -1))).toThrow(PolError);
    expect(() => decodeProtocolState(Uint8Array.from([...bytes, 0]))).toThrow(code('CODEC_MALFORMED'));
    expect(() => decodeProtocolState(new Uint8Array(0))).toThrow(code('CODEC_MALFORMED'));
  });

  it('has no encoding when a list is out of order or a number out of range', () => {
    expect(() => encodeProtocolState({ ...state, trainers: state.trainers.toReversed() })).toThrow(code('CODEC_NOT_ASCENDING'));
    expect(() => encodeProtocolState({ ...state, settledRound: -2 })).toThrow(code('CODEC_BAD_INTEGER'));
    expect(() => encodeProtocolState({ ...state, minted: -1n })).toThrow(code('CODEC_BAD_INTEGER'));
    expect(() => encodeProtocolState({ ...state, heldOut: { round: 1, loss: 0.1, accuracy: 0 } })).toThrow(code('CODEC_BAD_FLOAT'));
  });
});
