import * as crypto from 'node:crypto';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { utf8 } from './bytes.ts';

/** 32 bytes. */
export type Hash = Uint8Array;

/** Node has it since 20.12. Nodes of hash chains and trees are short, and a Hash object costs them more than the hash. */
const hashAtOnce = (crypto as { hash?: typeof crypto.hash }).hash;
const scratch = new Uint8Array(256);

/** SHA-256 (FIPS 180-4) of the concatenation. node's own: 1.9 GB/s, where keccak in JavaScript reaches some tens of MB/s. */
export function sha256(...parts: readonly Uint8Array[]): Hash {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (hashAtOnce !== undefined && length <= scratch.length) {
    let at = 0;
    for (const part of parts) {
      scratch.set(part, at);
      at += part.length;
    }
    return new Uint8Array(hashAtOnce('sha256', scratch.subarray(0, length), 'buffer'));
  }
  const hash = crypto.createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** Keccak-256 as Ethereum uses it. */
export function keccak256(bytes: Uint8Array): Hash {
  return keccak_256(bytes);
}

const domainTags = new Map<string, Uint8Array>();

/**
 * SHA-256 under a domain: sha256(sha256(domain) ‖ parts). Every hash of ours that is not Ethereum's names its domain,
 * so that no object can pass for another kind. Parts must have fixed lengths or be canonical encodings.
 */
export function taggedHash(domain: string, ...parts: readonly Uint8Array[]): Hash {
  let tag = domainTags.get(domain);
  if (tag === undefined) {
    tag = sha256(utf8(domain));
    domainTags.set(domain, tag);
  }
  return sha256(tag, ...parts);
}
