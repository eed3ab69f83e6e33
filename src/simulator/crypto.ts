import { verifyCertificate } from '../codec/certificate.ts';
import { hasQuorum } from '../codec/quorum.ts';
import type { Certificate } from '../codec/types.ts';
import { voteDigest } from '../codec/votes.ts';
import { compareBytes, concatBytes, equalBytes, toHex, utf8 } from '../primitives/bytes.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import { type SignatureCheck, type Signer, signerFromPrivateKey, verifySignature } from '../primitives/keys.ts';

/** Keys of a simulated network and the checks that belong to them. */
export interface SimulatedKeys {
  readonly genesisHash: Hash;
  /** Ascending by address. */
  readonly signers: readonly Signer[];
  readonly isSignedBy: SignatureCheck;
  isFinal(certificate: Certificate): boolean;
}

/** secp256k1 as in production: 50 to 230 µs a signature. */
export function realKeys(count: number): SimulatedKeys {
  const genesisHash = sha256(utf8('simulated genesis'));
  const signers = ascending(Array.from({ length: count }, (_, i) => signerFromPrivateKey(sha256(utf8(`simulated key ${i}`)))));
  const authorities = signers.map((signer) => signer.address);
  return {
    genesisHash,
    signers,
    isSignedBy: verifySignature,
    isFinal(certificate) {
      try {
        verifyCertificate(certificate, { genesisHash, authorities });
        return true;
      } catch {
        return false;
      }
    },
  };
}

/**
 * Hashes in the place of signatures, a hundred times as fast. Anyone could forge them; the simulated adversaries sign with
 * their own keys only, as real ones must.
 */
export function hashedKeys(count: number): SimulatedKeys {
  const genesisHash = sha256(utf8('simulated genesis'));
  const sign = (digest: Hash, address: Uint8Array) => concatBytes(sha256(address, digest), new Uint8Array(33));
  const signers = ascending(
    Array.from({ length: count }, (_, i): Signer => {
      const address = sha256(utf8(`simulated address ${i}`)).subarray(0, 20);
      return { address, sign: (digest) => sign(digest, address) };
    }),
  );
  const members = new Set(signers.map((signer) => toHex(signer.address)));
  return {
    genesisHash,
    signers,
    isSignedBy: (digest, signature, author) => equalBytes(signature, sign(digest, author)),
    isFinal(certificate) {
      const digest = voteDigest(genesisHash, { ...certificate, type: 'precommit' });
      const valid = certificate.signatures.filter(
        ({ authority, signature }) => members.has(toHex(authority)) && equalBytes(signature, sign(digest, authority)),
      );
      return hasQuorum(new Set(valid.map(({ authority }) => toHex(authority))).size, members.size);
    },
  };
}

function ascending(signers: readonly Signer[]): readonly Signer[] {
  return [...signers].sort((a, b) => compareBytes(a.address, b.address));
}
