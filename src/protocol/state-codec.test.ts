import { describe, expect, it } from 'vitest';
import type { ProofOperation } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { PolError } from '../primitives/errors.ts';
import { decodeProtocolState, encodeProtocolState, protocolRoot } from './state-codec.ts';
import {
  everyone,
  fraud,
  fraudulent,
  ok,
  only,
  provenRound,
  settledBy,
  testNetwork,
  trainersNamed,
  withTrainers,
} from './testing/network.ts';
import type { ProtocolState } from './types.ts';

const network = testNetwork(4);
const { votable } = provenRound(network, withTrainers(network, trainersNamed(2)));
const accused = only(fraud, ok(network), 1, 2);
const { state } = settledBy(network, votable, everyone(network, accused), everyone(network, fraudulent(network)));

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
      open: { ...round, number: 7, sealsAt: 116, proofs: [], withdrawn: [bytes(20, 0x51)] },
      sealed: {
        ...round,
        number: 6,
        sealedAt: 99,
        probation: [proof.trainer],
        checksPerAuthority: 5,
        challengeSeed: bytes(32, 5),
        commits: [{ authority: bytes(20, 0x31), commitment: bytes(32, 7), height: 95 }],
        votes: [
          {
            authority: bytes(20, 0x31),
            secretPreimage: bytes(32, 8),
            findings: [{ kind: 'fraud', fault: 'state' }],
            gateBaseline: 3.5,
            gateLosses: [undefined],
            heldOutLoss: 3,
            heldOutAccuracy: 0.5,
          },
        ],
        disputes: [{ proof: 0, segment: 1, reason: 'fraud' }],
        overflowing: [0],
        rulings: [{ authority: bytes(20, 0x31), rulings: [{ kind: 'unavailable', proof: 0, segment: 1 }] }],
      },
      trainers: [
        {
          address: proof.trainer,
          joinedRound: 1,
          reputation: 500_000,
          earned: 10n ** 18n,
          accepted: 1,
          rejected: 0,
          lastSealedRound: 6,
          lastBlamelessVoid: -1,
        },
      ],
      authorities: [
        {
          address: bytes(20, 0x31),
          reputation: 1_000_000,
          earned: 0n,
          onion: bytes(32, 6),
          revealedRound: -1,
          secretOnion: bytes(32, 9),
          renewal: { round: 9, tip: bytes(32, 10), secretTip: bytes(32, 11) },
        },
      ],
      minted: 10n ** 18n,
      burned: 1n,
      bountyPool: 2n,
      stakes: [{ address: proof.trainer, bonded: 3n, unbonding: 4n, unbondsAt: 8, offences: 1 }],
      payables: [{ address: proof.trainer, wei: 10n ** 9n }],
      largestReward: 5n,
      checksPerAuthority: 6,
      heldOut: { round: 5, loss: 3.5, accuracy: 0.25, best: 3.25 },
      authorityWishes: [{ authority: bytes(20, 0x31), round: 7, change: { kind: 'remove', candidate: bytes(20, 0x32) } }],
      scheduledChanges: [{ round: 8, change: { kind: 'add', candidate: bytes(20, 0x33), tip: bytes(32, 12), secretTip: bytes(32, 13) } }],
      punished: [{ authority: bytes(20, 0x31), height: 17 }],
      joining: [bytes(20, 0x41)],
      eligible: [],
    };
    expect(toHex(protocolRoot(fixed))).toBe('0xd75acf24f22a5828c1c2579847e6f82e8e8813eb6013aa9439c9b01a1f68e24a');
    expect(toHex(encodeProtocolState(fixed).slice(0, 16))).toBe('0xf9044e64a00303030303030303030303');
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
      { heldOut: { round: 1, loss: 1, accuracy: 1, best: 1 } },
      { burned: 1n },
      { bountyPool: 1n },
      { stakes: [] },
      { payables: [{ address: other.slice(12), wei: 1n }] },
      { largestReward: 1n },
      { checksPerAuthority: 77 },
      { authorityWishes: [{ authority: other.slice(12), round: 1, change: { kind: 'remove', candidate: other.slice(12) } }] },
      { scheduledChanges: [{ round: 1, change: { kind: 'remove', candidate: other.slice(12) } }] },
      { punished: [{ authority: other.slice(12), height: 1 }] },
      { open: { ...votable.open, withdrawn: [other.slice(12)] } },
      { sealed: { ...sealed, probation: [other.slice(12)] } },
      { sealed: { ...sealed, checksPerAuthority: 77 } },
      { sealed: { ...sealed, commits: [{ authority: other.slice(12), commitment: other, height: 1 }] } },
      { sealed: { ...sealed, disputes: [] } },
      { sealed: { ...sealed, overflowing: [1] } },
      { sealed: { ...sealed, rulings: [{ authority: other.slice(12), rulings: [] }] } },
      { authorities: votable.authorities.map((record) => ({ ...record, secretOnion: other })) },
      { authorities: votable.authorities.map((record) => ({ ...record, renewal: { round: 1, tip: other, secretTip: other } })) },
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
      {
        sealed: {
          ...sealed,
          votes: [
            {
              authority: other.slice(12),
              secretPreimage: other,
              findings: [],
              gateBaseline: undefined,
              gateLosses: [],
              heldOutLoss: 1,
              heldOutAccuracy: 0,
            },
          ],
        },
      },
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
    expect(() => encodeProtocolState({ ...state, heldOut: { round: 1, loss: 0.1, accuracy: 0, best: 0 } })).toThrow(
      code('CODEC_BAD_FLOAT'),
    );
  });
});
