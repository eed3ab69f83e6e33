import { describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { signerFromPrivateKey } from '../primitives/keys.ts';
import { blockContentHash, bodyHash, encodeBlock, encodeHeader, headerHash } from './blocks.ts';
import { encodeCertificate } from './certificate.ts';
import { encodeConsensusMessage, proposalDigest } from './consensus-messages.ts';
import { openingCodec } from './opening.ts';
import { encodeOperation, encodeSignedOperation, operationDigest, operationId, signOperation } from './operations.ts';
import type { Block, Operation } from './types.ts';
import { signVote, voteDigest } from './votes.ts';

/** Bytes and hashes that may never change while the formats are called /1. */

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
    verdicts: [{ kind: 'accept' }, { kind: 'unavailable' }, { kind: 'fraud', segment: 11 }],
    heldOutLoss: 4.5,
    heldOutAccuracy: 0.125,
  },
} as const satisfies Record<string, Operation>;

const signature = (value: number) => fill(65, value);
const signed = { operation: operations.join, signature: signature(0x66) };
const boundary = { sealed: [trainer, authority], modelRoot: fill(32, 0x77), startRoot: fill(32, 0x88) };
const block: Block = {
  header: {
    height: 1,
    timestamp: 1_700_000_001,
    proposer: authority,
    parentHash: genesisHash,
    executionHash: fill(32, 0xbb),
    bodyHash: bodyHash([signed], boundary),
    protocolRoot: fill(32, 0xcc),
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
  'signed operation': () => encodeSignedOperation(signed),
  'operation digest': () => operationDigest(genesisHash, operations.proof),
  'operation id': () => operationId(signed),
  'signature of an operation (RFC 6979)': () => signOperation(operations.proof, genesisHash, signer).signature,
  header: () => encodeHeader(block.header),
  'header hash': () => headerHash(block.header),
  'body hash': () => bodyHash([signed], boundary),
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
  vote: '0xeb0494222222222222222222222222222222222222222282012bc7c101c102c2030b8440900000843e000000',
  'signed operation':
    '0xf85dd90194111111111111111111111111111111111111111182012cb8416666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666',
  'operation digest': '0xc32b80ec3d03f1de613b73084e9533bda3c3e6a9190ce4f635c9bafd02be9bc3',
  'operation id': '0xd6aae5f1ca5abf45345ed461c635eb6410d0d672f489c21603f743360e8403da',
  'signature of an operation (RFC 6979)':
    '0x3d53a33e5a416824877ec921566bcab74f88e9421637e8b888c05f60963854806fda1046a677ad39e8b5c8a8711bff3468db1ea599790dd18cca72a03f189cfc01',
  header:
    '0xf89f01846553f101942222222222222222222222222222222222222222a0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbba01f8d2a659bef6a97cea3a4456b7a6b68d639f1e96a0034c71acf4eedbb60770fa0cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc',
  'header hash': '0xdcb6a3c4143611f446a2a4720d63ce3130aa7de6cdf9fa224b8fe3f7070b8a60',
  'body hash': '0x1f8d2a659bef6a97cea3a4456b7a6b68d639f1e96a0034c71acf4eedbb60770f',
  'hash of an empty body': '0xcb5cf90373a6fd93f8f028e17f840aef245d676a1c09af9f210c51cad5c98429',
  block:
    '0xf90177f89f01846553f101942222222222222222222222222222222222222222a0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbba01f8d2a659bef6a97cea3a4456b7a6b68d639f1e96a0034c71acf4eedbb60770fa0ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccf85ff85dd90194111111111111111111111111111111111111111182012cb8416666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666f86ff86dea941111111111111111111111111111111111111111942222222222222222222222222222222222222222a07777777777777777777777777777777777777777777777777777777777777777a0888888888888888888888888888888888888888888888888888888888888888883dddddd',
  'content hash': '0x31504ab61978465d1247cd566facc25fe69664f17262de4e6dac1470b4e6b074',
  certificate:
    '0xf87f0180a0dcb6a3c4143611f446a2a4720d63ce3130aa7de6cdf9fa224b8fe3f7070b8a60f85af858942222222222222222222222222222222222222222b8419999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999',
  'prevote digest': '0xadb021e8f67ee9d3622d5624ccae9fbd9d08c96321eb94e7463e9feb59ce6692',
  'precommit digest': '0x0b20cf6c6b89e5d28aaf1f6eea913410202f46991d604aa50650022c19c04b32',
  'precommit digest for nil': '0x81aa48b9dc0484d605c6811eb6546e9150c51b559d905de9e13054e1c9587640',
  'proposal digest': '0x5e1568de094989e5dc043b907047d522ffd4a0637a29f9ae5b5e8cc2caf152b8',
  'vote message':
    '0xf88002f87d010180e1a0dcb6a3c4143611f446a2a4720d63ce3130aa7de6cdf9fa224b8fe3f7070b8a60941a642f0e3c3af545e7acbd38b07251b3990914f1b841371f47cee4a9b5fa6341caa6901e358523222e6cfc3397d3283cf4a135bf23cc0d999cd82c85785b76cdca73fbff6a383d9e7e5ee5d86b554c4894eb0203c55d00',
  opening:
    '0xf86601a00101010101010101010101010101010101010101010101010101010101010101a00202020202020202020202020202020202020202020202020202020202020202e1a00303030303030303030303030303030303030303030303030303030303030303c0',
};

describe('golden vectors', () => {
  it.each(Object.keys(golden))('%s', (name) => {
    expect(toHex(golden[name]?.() ?? new Uint8Array(0))).toBe(expected[name]);
  });
});
