import type { CustomCrypto } from '@ethereumjs/common';
import { createKeccak } from 'hash-wasm';
import * as secp256k1 from 'tiny-secp256k1';
import { concatBytes } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';
import { MAX_RECOVERED_SENDERS } from './limits.ts';

const hasher = await createKeccak(256);

/** Keccak-256 in WebAssembly: a trie hashes thousands of short strings a block. */
export function fastKeccak256(bytes: Uint8Array): Uint8Array {
  return hasher.init().update(bytes).digest('binary');
}

const DIGEST_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** Digest (32) ‖ r (32) ‖ s (32) ‖ parity (1): what one recovery needs. */
export const RECOVERY_BYTES = DIGEST_BYTES + SIGNATURE_BYTES + 1;
export const PUBLIC_KEY_BYTES = 64;

/** Public keys by digest and signature, oldest first. A pure function's memory: the same key whoever asks. */
const recovered = new Map<string, Uint8Array>();

const nameOf = (recovery: Uint8Array): string => Buffer.from(recovery.buffer, recovery.byteOffset, recovery.byteLength).toString('latin1');

/** What a recovery needs, in one piece; r and s come without leading zeros. */
export function recoveryOf(digest: Uint8Array, parity: bigint, r: Uint8Array, s: Uint8Array): Uint8Array {
  const out = new Uint8Array(RECOVERY_BYTES);
  out.set(digest);
  out.set(r, DIGEST_BYTES + 32 - r.length);
  out.set(s, DIGEST_BYTES + SIGNATURE_BYTES - s.length);
  out[RECOVERY_BYTES - 1] = parity === 0n ? 0 : 1;
  return out;
}

export function isRecovered(recovery: Uint8Array): boolean {
  return recovered.has(nameOf(recovery));
}

/** Keeps a key that was recovered elsewhere. */
export function keepRecovered(recovery: Uint8Array, publicKey: Uint8Array): void {
  if (recovered.size >= MAX_RECOVERED_SENDERS) {
    for (const oldest of recovered.keys()) {
      recovered.delete(oldest);
      break;
    }
  }
  recovered.set(nameOf(recovery), publicKey);
}

/** 64 bytes. @throws when the signature recovers no key */
export function recoverKey(recovery: Uint8Array): Uint8Array {
  const known = recovered.get(nameOf(recovery));
  if (known !== undefined) return known;
  const digest = recovery.subarray(0, DIGEST_BYTES);
  const signature = recovery.subarray(DIGEST_BYTES, RECOVERY_BYTES - 1);
  const publicKey = secp256k1.recover(digest, signature, recovery[RECOVERY_BYTES - 1] === 0 ? 0 : 1, false)?.slice(1);
  if (publicKey === undefined) throw new RangeError('the signature recovers no key');
  keepRecovered(recovery, publicKey);
  return publicKey;
}

/** EthereumJS's shape of recovery: v is 27 or 28, a y-parity, or EIP-155's; r and s come without leading zeros. */
function ecrecover(digest: Uint8Array, v: bigint, r: Uint8Array, s: Uint8Array, chainId?: bigint): Uint8Array {
  const parity = v === 0n || v === 1n ? v : chainId === undefined ? v - 27n : v - (chainId * 2n + 35n);
  if (parity !== 0n && parity !== 1n) throw new RangeError('invalid v of a signature');
  return recoverKey(recoveryOf(digest, parity, r, s));
}

/** The last 20 bytes of a public key's hash (yellow paper, appendix F). */
export function addressOfKey(publicKey: Uint8Array): Uint8Array {
  return fastKeccak256(publicKey).subarray(12);
}

/** WebAssembly in place of EthereumJS's JavaScript: measured in docs; the roots are the same. */
export const executionCrypto: CustomCrypto = { keccak256: fastKeccak256, ecrecover, sha256: (bytes) => sha256(bytes) };

/** One after the other, for threads that do nothing else: n recoveries in, n public keys out; zeros where there is none. */
export function recoverKeys(recoveries: Uint8Array): Uint8Array {
  const count = Math.floor(recoveries.length / RECOVERY_BYTES);
  const out: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    try {
      out.push(recoverKey(recoveries.subarray(i * RECOVERY_BYTES, (i + 1) * RECOVERY_BYTES)));
    } catch {
      out.push(new Uint8Array(PUBLIC_KEY_BYTES));
    }
  }
  return concatBytes(...out);
}
