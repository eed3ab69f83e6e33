import { compareBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { type Address, type SignatureCheck, verifySignature } from '../primitives/keys.ts';
import { certificateError } from './errors.ts';
import { MAX_AUTHORITIES, MAX_CERTIFICATE_BYTES } from './limits.ts';
import { hasQuorum } from './quorum.ts';
import { address, ascending, codec, hash, type Shape, signature, struct, uint } from './shape.ts';
import type { Certificate } from './types.ts';
import { voteDigest } from './votes.ts';

type CertificateSignature = Certificate['signatures'][number];

export const certificateShape: Shape<Certificate> = struct<Certificate>({
  height: uint,
  round: uint,
  blockHash: hash,
  signatures: ascending(struct<CertificateSignature>({ authority: address, signature }), (entry) => entry.authority, MAX_AUTHORITIES),
});

export const { encode: encodeCertificate, decode: decodeCertificate } = codec('certificate', certificateShape, MAX_CERTIFICATE_BYTES);

/**
 * Checks that a certificate proves finality of its block hash at its height. Needs nothing but the authority set: this is
 * the whole of a light client's check.
 * @throws CERTIFICATE_UNKNOWN_AUTHORITY, CERTIFICATE_NOT_ASCENDING, CERTIFICATE_NO_QUORUM, CERTIFICATE_BAD_SIGNATURE
 */
export function verifyCertificate(
  certificate: Certificate,
  network: { readonly genesisHash: Hash; readonly authorities: readonly Address[] },
  isSignedBy: SignatureCheck = verifySignature,
): void {
  const members = new Set(network.authorities.map(toHex));
  const where = `certificate of height ${certificate.height}`;
  // 1. Signers are authorities, in ascending order, each once.
  let previous: Address | undefined;
  for (const { authority } of certificate.signatures) {
    if (!members.has(toHex(authority))) {
      throw certificateError('CERTIFICATE_UNKNOWN_AUTHORITY', `${where}: ${toHex(authority)} is not an authority`);
    }
    if (previous !== undefined && compareBytes(previous, authority) >= 0) {
      throw certificateError('CERTIFICATE_NOT_ASCENDING', `${where}: ${toHex(authority)} is out of order or named twice`);
    }
    previous = authority;
  }
  // 2. They are enough; checked before any signature is paid for.
  if (!hasQuorum(certificate.signatures.length, members.size)) {
    throw certificateError('CERTIFICATE_NO_QUORUM', `${where}: ${certificate.signatures.length} of ${members.size} authorities signed`);
  }
  // 3. Each signature is a precommit for this block at this height and round.
  const digest = voteDigest(network.genesisHash, { ...certificate, type: 'precommit' });
  for (const { authority, signature } of certificate.signatures) {
    if (!isSignedBy(digest, signature, authority)) {
      throw certificateError('CERTIFICATE_BAD_SIGNATURE', `${where}: the signature of ${toHex(authority)} is wrong`);
    }
  }
}
