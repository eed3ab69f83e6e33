import type { Genesis } from '../params/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import type { SignatureCheck } from '../primitives/keys.ts';

/** What never changes in a network, and every rule may ask for. */
export interface ProtocolContext {
  readonly genesis: Genesis;
  readonly genesisHash: Hash;
  /** For signatures inside of operations: secp256k1 unless a simulation brings a faster check. */
  readonly isSignedBy?: SignatureCheck;
}
