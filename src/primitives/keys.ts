import { randomBytes } from 'node:crypto';
import * as secp256k1 from 'tiny-secp256k1';
import { compareBytes, concatBytes, equalBytes, fromHex, type Hex, toHex } from './bytes.ts';
import { errorDomain } from './errors.ts';
import { type Hash, keccak256 } from './hash.ts';

/** 20 bytes. */
export type Address = Uint8Array;
/** r (32) ‖ s (32, low) ‖ yParity (1): 65 bytes. */
export type Signature = Uint8Array;

export const ADDRESS_BYTES = 20;
export const SIGNATURE_BYTES = 65;

const keyError = errorDomain({
  KEY_INVALID: { explanation: 'The private key is not in [1, n).', http: 400, jsonRpc: -32602 },
  SIGNATURE_INVALID: { explanation: 'The signature is malformed, has a high s, or recovers no key.', http: 400 },
});

const HALF_ORDER = fromHex('0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0');

/** A secp256k1 key that signs 32-byte digests. */
export interface Signer {
  readonly address: Address;
  sign(digest: Hash): Signature;
}

export function generatePrivateKey(random: (length: number) => Uint8Array = randomBytes): Uint8Array {
  for (;;) {
    const key = new Uint8Array(random(32));
    if (secp256k1.isPrivate(key)) return key;
  }
}

/** @throws KEY_INVALID */
export function signerFromPrivateKey(privateKey: Uint8Array): Signer {
  if (!secp256k1.isPrivate(privateKey)) throw keyError('KEY_INVALID', 'the private key is not a valid secp256k1 key');
  const publicKey = secp256k1.pointFromScalar(privateKey, false);
  if (publicKey === null) throw keyError('KEY_INVALID', 'the private key has no public key');
  return {
    address: addressFromPublicKey(publicKey),
    sign(digest) {
      const { signature, recoveryId } = secp256k1.signRecoverable(digest, privateKey);
      return concatBytes(signature, Uint8Array.of(recoveryId));
    },
  };
}

/**
 * The signer's address (Ethereum yellow paper, appendix F).
 * @throws SIGNATURE_INVALID also for a high s (EIP-2): one message has one valid encoding of its signature
 */
export function recoverAddress(digest: Hash, signature: Signature): Address {
  const recoveryId = signature[64];
  const s = signature.subarray(32, 64);
  if (signature.length !== SIGNATURE_BYTES || (recoveryId !== 0 && recoveryId !== 1) || compareBytes(s, HALF_ORDER) > 0) {
    throw keyError('SIGNATURE_INVALID', 'malformed signature');
  }
  let publicKey: Uint8Array | null;
  try {
    publicKey = secp256k1.recover(digest, signature.subarray(0, 64), recoveryId, false);
  } catch (cause) {
    throw keyError('SIGNATURE_INVALID', 'malformed signature', { cause });
  }
  if (publicKey === null) throw keyError('SIGNATURE_INVALID', 'the signature recovers no key');
  return addressFromPublicKey(publicKey);
}

/** Whether a signature over a digest was made by an address. */
export type SignatureCheck = (digest: Hash, signature: Signature, address: Address) => boolean;

/** True when `signature` over `digest` was made by `address`. Never throws. */
export function verifySignature(digest: Hash, signature: Signature, address: Address): boolean {
  try {
    return equalBytes(recoverAddress(digest, signature), address);
  } catch {
    return false;
  }
}

/** EIP-55 mixed-case checksum. */
export function checksumAddress(address: Address): Hex {
  const text = toHex(address).slice(2);
  const hash = toHex(keccak256(new TextEncoder().encode(text))).slice(2);
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    out += Number.parseInt(hash[i] as string, 16) >= 8 ? character.toUpperCase() : character;
  }
  return `0x${out}`;
}

function addressFromPublicKey(uncompressed: Uint8Array): Address {
  return keccak256(uncompressed.subarray(1)).subarray(12);
}
