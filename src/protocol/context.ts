import type { Genesis } from '../params/genesis.ts';
import type { Hash } from '../primitives/hash.ts';

/** What never changes in a network, and every rule may ask for. */
export interface ProtocolContext {
  readonly genesis: Genesis;
  readonly genesisHash: Hash;
}
