import type { CustomCrypto } from '@ethereumjs/common';
import { createKeccak } from 'hash-wasm';
import * as secp256k1 from 'tiny-secp256k1';
import { concatBytes } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';
import { MAX_RECOVERED_SENDERS } from './limits.ts';

const hasher = await createKeccak(256);

/** Keccak-256 in WebAssembly: a trie hashes thousands of short strings a block. */
function keccak256(bytes: Uint8Array): Uint8Array {
  return hasher.init().update(bytes).digest('binary');
}

/** Public keys by digest and signature, oldest first. A pure function's memory: the same key whoever asks. */
const recovered = new Map<string, Uint8Array>();

/** EthereumJS's shape of recovery: v is 27 or 28, a y-parity, or EIP-155's; r and s come without leading zeros. */
function ecrecover(digest: Uint8Array, v: bigint, r: Uint8Array, s: Uint8Array, chainId?: bigint): Uint8Array {
  const parity = v === 0n || v === 1n ? v : chainId === undefined ? v - 27n : v - (chainId * 2n + 35n);
  if (parity !== 0n && parity !== 1n) throw new RangeError('invalid v of a signature');
  const signature = concatBytes(new Uint8Array(32 - r.length), r, new Uint8Array(32 - s.length), s);
  const key = Buffer.from(concatBytes(digest, signature, Uint8Array.of(Number(parity)))).toString('latin1');
  const known = recovered.get(key);
  if (known !== undefined) return known;
  const publicKey = secp256k1.recover(digest, signature, parity === 0n ? 0 : 1, false)?.subarray(1);
  if (publicKey === undefined) throw new RangeError('the signature recovers no key');
  if (recovered.size >= MAX_RECOVERED_SENDERS) {
    for (const oldest of recovered.keys()) {
      recovered.delete(oldest);
      break;
    }
  }
  recovered.set(key, publicKey);
  return publicKey;
}

/** WebAssembly in place of EthereumJS's JavaScript: measured in docs; the roots are the same. */
export const executionCrypto: CustomCrypto = { keccak256, ecrecover, sha256: (bytes) => sha256(bytes) };
