import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../primitives/bytes.ts';
import { type Signature, signerFromPrivateKey } from '../primitives/keys.ts';
import { blockContentHash, bodyHash, bodyMatchesHeader, headerHash } from './blocks.ts';
import { verifyCertificate } from './certificate.ts';
import { proposalDigest, signProposal, verifyProposal } from './consensus-messages.ts';
import { operationDigest, operationId, signOperation, verifySignedOperation } from './operations.ts';
import type { Block, Certificate, ConsensusVote, JoinOperation, Operation } from './types.ts';
import { signVote, verifyVote, voteDigest } from './votes.ts';

const genesisHash = new Uint8Array(32).fill(7);
const otherGenesis = new Uint8Array(32).fill(8);
const signers = [1, 2, 3, 4]
  .map((value) => signerFromPrivateKey(new Uint8Array(32).fill(value)))
  .sort((a, b) => (toHex(a.address) < toHex(b.address) ? -1 : 1));
const [signer, second] = signers as [(typeof signers)[number], (typeof signers)[number]];
const code = (expected: string) => expect.objectContaining({ code: expected });

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The other signature of the same message (r, n − s): valid ECDSA, and refused since EIP-2. */
function malleated(signature: Signature): Signature {
  const s = ORDER - BigInt(toHex(signature.subarray(32, 64)));
  const parity = (signature[64] ?? 0) ^ 1;
  return concatBytes(signature.subarray(0, 32), fromHex(`0x${s.toString(16).padStart(64, '0')}`), Uint8Array.of(parity));
}

describe('a signed operation', () => {
  const join: JoinOperation = { type: 'join', trainer: signer.address, round: 5 };
  const signed = signOperation(join, genesisHash, signer);

  it('is by the trainer or authority it names', () => {
    const reveal: Operation = { type: 'reveal', authority: second.address, round: 1, preimage: genesisHash };
    expect(verifySignedOperation(signed, genesisHash)).toBe(true);
    expect(verifySignedOperation(signOperation(reveal, genesisHash, second), genesisHash)).toBe(true);
    expect(verifySignedOperation(signOperation(reveal, genesisHash, signer), genesisHash)).toBe(false);
    expect(verifySignedOperation({ ...signed, operation: { ...join, round: 6 } }, genesisHash)).toBe(false);
  });

  it('is for one network', () => {
    expect(verifySignedOperation(signed, otherGenesis)).toBe(false);
    expect(operationDigest(genesisHash, join)).not.toEqual(operationDigest(otherGenesis, join));
  });

  it('has one signature form', () => {
    expect(verifySignedOperation({ ...signed, signature: malleated(signed.signature) }, genesisHash)).toBe(false);
    expect(verifySignedOperation({ ...signed, signature: new Uint8Array(65) }, genesisHash)).toBe(false);
  });

  it('is identified together with its signature', () => {
    const forged = { ...signed, signature: new Uint8Array(65) };
    expect(operationId(signed)).toEqual(operationId(signOperation(join, genesisHash, signer)));
    expect(operationId(forged)).not.toEqual(operationId(signed));
  });
});

describe('a vote', () => {
  const vote: Omit<ConsensusVote, 'signature'> = {
    type: 'prevote',
    height: 9,
    round: 2,
    blockHash: genesisHash,
    authority: signer.address,
  };

  it('verifies for what it was signed and nothing else', () => {
    const signed = signVote(vote, genesisHash, signer);
    expect(verifyVote(signed, genesisHash)).toBe(true);
    expect(verifyVote(signed, otherGenesis)).toBe(false);
    const others: readonly Partial<ConsensusVote>[] = [
      { type: 'precommit' },
      { height: 10 },
      { round: 3 },
      { blockHash: undefined },
      { blockHash: otherGenesis },
      { authority: second.address },
      { signature: malleated(signed.signature) },
    ];
    for (const change of others) expect(verifyVote({ ...signed, ...change }, genesisHash)).toBe(false);
  });
});

const body = {
  operations: [signOperation({ type: 'join', trainer: signer.address, round: 5 }, genesisHash, signer)],
  boundary: { sealed: [], modelRoot: genesisHash, startRoot: otherGenesis, authorities: undefined },
};
const block: Block = {
  header: {
    height: 9,
    timestamp: 1_700_000_009,
    proposer: signer.address,
    parentHash: genesisHash,
    executionHash: otherGenesis,
    bodyHash: bodyHash(body.operations, body.boundary),
    protocolRoot: genesisHash,
    nextAuthorities: genesisHash,
  },
  ...body,
  execution: Uint8Array.of(1, 2, 3),
};

describe('a block', () => {
  it('is named by its header, which commits to operations and boundary', () => {
    expect(headerHash({ ...block.header, timestamp: 1 })).not.toEqual(headerHash(block.header));
    expect(bodyMatchesHeader(block)).toBe(true);
    expect(bodyMatchesHeader({ ...block, operations: [] })).toBe(false);
    expect(bodyMatchesHeader({ ...block, boundary: undefined })).toBe(false);
  });

  it('has a content hash over all its bytes', () => {
    expect(blockContentHash({ ...block, execution: Uint8Array.of(1, 2, 4) })).not.toEqual(blockContentHash(block));
  });
});

describe('a proposal', () => {
  const proposal = { height: 9, round: 2, validRound: undefined, block, authority: signer.address };
  const signed = signProposal(proposal, genesisHash, signer);

  it('verifies for its place, its header and every byte of its block', () => {
    expect(verifyProposal(signed, genesisHash)).toBe(true);
    expect(verifyProposal(signed, otherGenesis)).toBe(false);
    expect(verifyProposal({ ...signed, validRound: 0 }, genesisHash)).toBe(false);
    expect(verifyProposal({ ...signed, round: 3 }, genesisHash)).toBe(false);
    expect(verifyProposal({ ...signed, height: 10 }, genesisHash)).toBe(false);
    expect(verifyProposal({ ...signed, authority: second.address }, genesisHash)).toBe(false);
    // A relay cannot make an honest proposal look invalid by exchanging what the header only hashes.
    expect(verifyProposal({ ...signed, block: { ...block, operations: [] } }, genesisHash)).toBe(false);
    expect(verifyProposal({ ...signed, block: { ...block, execution: Uint8Array.of(9) } }, genesisHash)).toBe(false);
  });

  it('signs under a domain of its own', () => {
    const digests = [
      proposalDigest(genesisHash, proposal),
      voteDigest(genesisHash, { type: 'prevote', height: 9, round: 2, blockHash: headerHash(block.header) }),
      voteDigest(genesisHash, { type: 'precommit', height: 9, round: 2, blockHash: headerHash(block.header) }),
      operationDigest(genesisHash, { type: 'join', trainer: signer.address, round: 5 }),
    ];
    expect(new Set(digests.map(toHex)).size).toBe(digests.length);
  });
});

describe('a certificate', () => {
  const authorities = signers.map((each) => each.address);
  const place = { height: 9, round: 2, blockHash: headerHash(block.header) };
  const sign = (by: readonly (typeof signer)[], type: ConsensusVote['type'] = 'precommit') =>
    by.map((each) => ({
      authority: each.address,
      signature: signVote({ type, ...place, authority: each.address }, genesisHash, each).signature,
    }));
  const certificate = (signatures: Certificate['signatures']): Certificate => ({ ...place, signatures });
  const verify = (candidate: Certificate) => () => verifyCertificate(candidate, { genesisHash, authorities });

  it('proves finality by precommits of 67 % of the authorities', () => {
    expect(verify(certificate(sign(signers)))).not.toThrow();
    expect(verify(certificate(sign(signers.slice(0, 3))))).not.toThrow();
    expect(verify(certificate(sign([signers[0], signers[2], signers[3]].filter((each) => each !== undefined))))).not.toThrow();
    expect(verify(certificate(sign(signers.slice(0, 2))))).toThrow(code('CERTIFICATE_NO_QUORUM'));
    expect(verify(certificate([]))).toThrow(code('CERTIFICATE_NO_QUORUM'));
  });

  it('counts each authority once and nobody else', () => {
    const three = sign(signers.slice(0, 3));
    const [a, b, c] = three as [(typeof three)[number], (typeof three)[number], (typeof three)[number]];
    expect(verify(certificate([a, b, b]))).toThrow(code('CERTIFICATE_NOT_ASCENDING'));
    expect(verify(certificate([b, a, c]))).toThrow(code('CERTIFICATE_NOT_ASCENDING'));
    const outsider = signerFromPrivateKey(new Uint8Array(32).fill(9));
    expect(verify(certificate([...three, ...sign([outsider])]))).toThrow(code('CERTIFICATE_UNKNOWN_AUTHORITY'));
  });

  it('takes no prevotes, no precommits of another place or network, and no foreign or malleated signatures', () => {
    const three = sign(signers.slice(0, 3));
    const [a, b, c] = three as [(typeof three)[number], (typeof three)[number], (typeof three)[number]];
    expect(verify(certificate(sign(signers, 'prevote')))).toThrow(code('CERTIFICATE_BAD_SIGNATURE'));
    expect(verify({ ...certificate(three), height: 10 })).toThrow(code('CERTIFICATE_BAD_SIGNATURE'));
    expect(verify({ ...certificate(three), round: 3 })).toThrow(code('CERTIFICATE_BAD_SIGNATURE'));
    expect(verify({ ...certificate(three), blockHash: genesisHash })).toThrow(code('CERTIFICATE_BAD_SIGNATURE'));
    expect(verify(certificate([a, b, { ...c, signature: a.signature }]))).toThrow(code('CERTIFICATE_BAD_SIGNATURE'));
    expect(verify(certificate([a, b, { ...c, signature: malleated(c.signature) }]))).toThrow(code('CERTIFICATE_BAD_SIGNATURE'));
    expect(() => verifyCertificate(certificate(three), { genesisHash: otherGenesis, authorities })).toThrow(
      code('CERTIFICATE_BAD_SIGNATURE'),
    );
  });
});
