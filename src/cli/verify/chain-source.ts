import type { Genesis } from '../../params/genesis.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { PeerRequests } from '../../sync/transport.ts';

/** Where a chain is read from: the peers of a running network, or a node's data directory. Nothing that comes from it is believed. */
export interface ChainSource {
  readonly genesis: Genesis;
  readonly genesisHash: Hash;
  readonly network: PeerRequests;
  /** Height of the boundary block that settled a round, as some node says; undefined when it is not settled there. */
  settledAt(round: number): Promise<number | undefined>;
  /** The last settled round, as some node says. */
  lastSettled(): Promise<number>;
  /** In a few words. */
  readonly name: string;
  close(): Promise<void>;
}
