import { describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { signerFromPrivateKey } from '../primitives/keys.ts';
import { authoritySetHash } from './authority-set.ts';
import { blockContentHash, bodyHash, encodeBlock, encodeHeader, headerHash } from './blocks.ts';
import { encodeCertificate } from './certificate.ts';
import { encodeConsensusMessage, proposalDigest } from './consensus-messages.ts';
import { openingCodec } from './opening.ts';
import { encodeOperation, encodeSignedOperation, operationDigest, operationId, signOperation, voteCommitment } from './operations.ts';
import { segmentDigest } from './segment-digest.ts';
import type { Block, Operation } from './types.ts';
import { signVote, voteDigest } from './votes.ts';

/** Bytes and hashes that may never change while their formats keep their numbers. */

const fill = (length: number, value: number) => new Uint8Array(length).fill(value);
const genesisHash = fill(32, 0xaa);
const trainer = fill(20, 0x11);
const authority = fill(20, 0x22);

const operations = {
  join: { type: 'join', trainer, round: 300 },
  proof: {
    type: 'proof',
    trainer,
    round: 300,
    segments: 12,
    tokens: 147_456,
    leavesRoot: fill(32, 0x33),
    updateHash: fill(32, 0x44),
    updateBytes: 1_345_678,
    loss: 3.25,
  },
  reveal: { type: 'reveal', authority, round: 299, preimage: fill(32, 0x55) },
  vote: {
    type: 'vote',
    authority,
    round: 299,
    secretPreimage: fill(32, 0x57),
    findings: [{ kind: 'ok', digest: fill(32, 0x58) }, { kind: 'fraud', fault: 'update' }, { kind: 'unavailable' }, { kind: 'unchecked' }],
    gateBaseline: 4.75,
    gateLosses: [4.625, undefined],
    heldOutLoss: 4.5,
    heldOutAccuracy: 0.125,
  },
  withdraw: { type: 'withdraw', trainer, round: 300 },
  commit: { type: 'commit', authority, round: 299, commitment: fill(32, 0x59) },
  ruling: {
    type: 'ruling',
    authority,
    round: 299,
    rulings: [
      { kind: 'held', proof: 0, segment: 3, steps: [fill(32, 0x5a), fill(32, 0x5b)] },
      { kind: 'fraud', proof: 0, segment: 11, fault: 'state', steps: [fill(32, 0x5c)] },
      { kind: 'unavailable', proof: 1, segment: 0 },
    ],
  },
  exit: { type: 'exit', account: trainer, round: 300, gwei: 12_500_000_000n },
  evidence: {
    type: 'evidence',
    reporter: trainer,
    round: 300,
    first: {
      kind: 'vote',
      vote: { type: 'precommit', height: 9000, round: 1, blockHash: fill(32, 0x5d), authority, signature: fill(65, 0x5e) },
    },
    second: {
      kind: 'proposal',
      proposal: {
        height: 9000,
        round: 1,
        validRound: undefined,
        blockHash: fill(32, 0x5f),
        contentHash: fill(32, 0x60),
        authority,
        signature: fill(65, 0x61),
      },
    },
  },
  addAuthority: {
    type: 'authority_vote',
    authority,
    round: 300,
    change: { kind: 'add', candidate: trainer, tip: fill(32, 0x62), secretTip: fill(32, 0x63) },
  },
  removeAuthority: { type: 'authority_vote', authority, round: 300, change: { kind: 'remove', candidate: trainer } },
  renew: { type: 'renew', authority, round: 300, tip: fill(32, 0x64), secretTip: fill(32, 0x65) },
} as const satisfies Record<string, Operation>;

const signature = (value: number) => fill(65, value);
const signed = { operation: operations.join, signature: signature(0x66) };
const boundary = { sealed: [trainer, authority], modelRoot: fill(32, 0x77), startRoot: fill(32, 0x88), authorities: undefined };
const newSet = { ...boundary, authorities: [trainer, authority] };
const block: Block = {
  header: {
    height: 1,
    timestamp: 1_700_000_001,
    proposer: authority,
    parentHash: genesisHash,
    executionHash: fill(32, 0xbb),
    bodyHash: bodyHash([signed], boundary),
    protocolRoot: fill(32, 0xcc),
    nextAuthorities: authoritySetHash([trainer, authority]),
  },
  operations: [signed],
  boundary,
  execution: fill(3, 0xdd),
};
const place = { height: 1, round: 0, blockHash: headerHash(block.header) };
const signer = signerFromPrivateKey(fill(32, 1));

const golden: Readonly<Record<string, () => Uint8Array>> = {
  join: () => encodeOperation(operations.join),
  proof: () => encodeOperation(operations.proof),
  reveal: () => encodeOperation(operations.reveal),
  vote: () => encodeOperation(operations.vote),
  withdraw: () => encodeOperation(operations.withdraw),
  commit: () => encodeOperation(operations.commit),
  ruling: () => encodeOperation(operations.ruling),
  exit: () => encodeOperation(operations.exit),
  evidence: () => encodeOperation(operations.evidence),
  'vote to add an authority': () => encodeOperation(operations.addAuthority),
  'vote to remove an authority': () => encodeOperation(operations.removeAuthority),
  renew: () => encodeOperation(operations.renew),
  'segment digest': () => segmentDigest([fill(32, 1), fill(32, 2)]),
  'vote commitment': () => voteCommitment(operations.vote),
  'signed operation': () => encodeSignedOperation(signed),
  'operation digest': () => operationDigest(genesisHash, operations.proof),
  'operation id': () => operationId(signed),
  'signature of an operation (RFC 6979)': () => signOperation(operations.proof, genesisHash, signer).signature,
  header: () => encodeHeader(block.header),
  'header hash': () => headerHash(block.header),
  'authority set hash': () => authoritySetHash([trainer, authority]),
  'body hash': () => bodyHash([signed], boundary),
  'body hash with a new authority set': () => bodyHash([], newSet),
  'hash of an empty body': () => bodyHash([], undefined),
  block: () => encodeBlock(block),
  'content hash': () => blockContentHash(block),
  certificate: () => encodeCertificate({ ...place, signatures: [{ authority, signature: signature(0x99) }] }),
  'prevote digest': () => voteDigest(genesisHash, { ...place, type: 'prevote' }),
  'precommit digest': () => voteDigest(genesisHash, { ...place, type: 'precommit' }),
  'precommit digest for nil': () => voteDigest(genesisHash, { ...place, type: 'precommit', blockHash: undefined }),
  'proposal digest': () => proposalDigest(genesisHash, { height: 1, round: 2, validRound: 0, block }),
  'vote message': () =>
    encodeConsensusMessage({
      kind: 'vote',
      vote: signVote({ ...place, type: 'prevote', authority: signer.address }, genesisHash, signer),
    }),
  opening: () => openingCodec.encode({ segment: 1, startState: fill(32, 1), endState: fill(32, 2), startPath: [fill(32, 3)], endPath: [] }),
};

const expected: Readonly<Record<string, string>> = {
  join: '0xd90194111111111111111111111111111111111111111182012c',
  proof:
    '0xf8690294111111111111111111111111111111111111111182012c0b83024000a03333333333333333333333333333333333333333333333333333333333333333a044444444444444444444444444444444444444444444444444444444444444448314888e8440500000',
  reveal: '0xf83a0394222222222222222222222222222222222222222282012ba05555555555555555555555555555555555555555555555555555555555555555',
  vote: '0xf87d0494222222222222222222222222222222222222222282012ba05757575757575757575757575757575757575757575757575757575757575757eae201a05858585858585858585858585858585858585858585858585858585858585858c20203c103c104c58440980000c7c58440940000c08440900000843e000000',
  withdraw: '0xd90594111111111111111111111111111111111111111182012c',
  commit: '0xf83a0694222222222222222222222222222222222222222282012ba05959595959595959595959595959595959595959595959595959595959595959',
  ruling:
    '0xf88f0794222222222222222222222222222222222222222282012bf874f847018003f842a05a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5aa05b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5be602800b02e1a05c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5cc3030180',
  exit: '0xdf0894111111111111111111111111111111111111111182012c8502e90edd00',
  evidence:
    '0xf901410994111111111111111111111111111111111111111182012cf88201f87f0282232801e1a05d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d942222222222222222222222222222222222222222b8415e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5ef8a202f89f82232801c0a05f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5fa06060606060606060606060606060606060606060606060606060606060606060942222222222222222222222222222222222222222b8416161616161616161616161616161616161616161616161616161616161616161616161616161616161616161616161616161616161616161616161616161616161',
  'vote to add an authority':
    '0xf8730a94222222222222222222222222222222222222222282012cf85801941111111111111111111111111111111111111111a06262626262626262626262626262626262626262626262626262626262626262a06363636363636363636363636363636363636363636363636363636363636363',
  'vote to remove an authority': '0xf00a94222222222222222222222222222222222222222282012cd602941111111111111111111111111111111111111111',
  renew:
    '0xf85b0b94222222222222222222222222222222222222222282012ca06464646464646464646464646464646464646464646464646464646464646464a06565656565656565656565656565656565656565656565656565656565656565',
  'segment digest': '0x95c1a83a287b14931bd68c5577b0f0ac029fc5023406d4f765b9e4029f9a8c01',
  'vote commitment': '0x1ef9cfb93bade5e875604dfb42798c6482f2cd52076709d88b940c4ae8cd428a',
  'signed operation':
    '0xf85dd90194111111111111111111111111111111111111111182012cb8416666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666',
  'operation digest': '0xad638e930edacfdbd31d71dbf54abe65fdda08699224b1dd9787b85defe8a113',
  'operation id': '0x7576d89c7edc452efec2710db07a8da48a90813b328827b66bb269abec64f829',
  'signature of an operation (RFC 6979)':
    '0x698eb8cdae86bc1281465da92a2283537c84e0e40a675ce2804a1c5be3f47ae86a51a59e479f8bd6b9a597319be80fac710c65d7d8df081b01fab0ad0635dbe801',
  header:
    '0xf8c001846553f101942222222222222222222222222222222222222222a0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbba022c826a15476ff0ab02a79da1e1777ae5700fba1ae2e753e51edf428e32bfd3ba0cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccca04b1b7af7c60dd8b22c24a00f9e6a255ede13245e48b4aaf20427281f7a19ccb8',
  'header hash': '0x6ef7548d4125a56c09454f96c137662b61c8ef4585cf8f1eef7c170081384a46',
  'authority set hash': '0x4b1b7af7c60dd8b22c24a00f9e6a255ede13245e48b4aaf20427281f7a19ccb8',
  'body hash': '0x22c826a15476ff0ab02a79da1e1777ae5700fba1ae2e753e51edf428e32bfd3b',
  'body hash with a new authority set': '0x73b8537fbd2c1f0069b32753a852ed686e659d085bd9a8ffe3a4b136711019b8',
  'hash of an empty body': '0xe900a97a3e731b1aa035ecbcc631090973e447ba1e8fae3282690ef840fe9218',
  block:
    '0xf90199f8c001846553f101942222222222222222222222222222222222222222a0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbba022c826a15476ff0ab02a79da1e1777ae5700fba1ae2e753e51edf428e32bfd3ba0cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccca04b1b7af7c60dd8b22c24a00f9e6a255ede13245e48b4aaf20427281f7a19ccb8f85ff85dd90194111111111111111111111111111111111111111182012cb8416666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666f870f86eea941111111111111111111111111111111111111111942222222222222222222222222222222222222222a07777777777777777777777777777777777777777777777777777777777777777a08888888888888888888888888888888888888888888888888888888888888888c083dddddd',
  'content hash': '0xd0006241105b0a12850b516a3d235b9f1e581f43ca893a6cfafe5a846bdda9cc',
  certificate:
    '0xf87f0180a06ef7548d4125a56c09454f96c137662b61c8ef4585cf8f1eef7c170081384a46f85af858942222222222222222222222222222222222222222b8419999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999',
  'prevote digest': '0x66c0ccad6a5bb318d1b3a720c38c1ece47e6d45fed9f196d91491d2d4be2713a',
  'precommit digest': '0x50eab3f96e0a4043455d1701b94c7079ac04dba3f35c5a333bbc156ad7464a96',
  'precommit digest for nil': '0x81aa48b9dc0484d605c6811eb6546e9150c51b559d905de9e13054e1c9587640',
  'proposal digest': '0xa7574e1714c48ba81a7fc16d81b5883974a3651b8bef55541b394e487c137dd5',
  'vote message':
    '0xf88002f87d010180e1a06ef7548d4125a56c09454f96c137662b61c8ef4585cf8f1eef7c170081384a46941a642f0e3c3af545e7acbd38b07251b3990914f1b841dc1176144daf96f09d7561ffa475af6fa0db43259ef3dd85539ae5c2f0e431e1031547248731348a703693a1dd1622b3bd10d99ccfa314e0aa55e1af5808276500',
  opening:
    '0xf86601a00101010101010101010101010101010101010101010101010101010101010101a00202020202020202020202020202020202020202020202020202020202020202e1a00303030303030303030303030303030303030303030303030303030303030303c0',
};

describe('golden vectors', () => {
  it.each(Object.keys(golden))('%s', (name) => {
    expect(toHex(golden[name]?.() ?? new Uint8Array(0))).toBe(expected[name]);
  });
});
