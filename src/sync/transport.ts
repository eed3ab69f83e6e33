/** What synchronisation needs of the network; the composition root gives it the node's own. */

export type SyncProtocol =
  | 'headers'
  | 'blocks'
  | 'protocol-state'
  | 'state'
  | 'model'
  | 'start'
  | 'chunks'
  | 'blob'
  | 'opening'
  | 'genesis'
  | 'asset';

export interface SyncPeer {
  readonly id: string;
  /** EIP-55 text, proven by the handshake. */
  readonly account: string | undefined;
  /** Of its newest final block, as it says. */
  readonly height: number;
}

/** The asking side. */
export interface PeerRequests {
  peers(): readonly SyncPeer[];
  /** Empty response = the peer does not have it. @throws NETWORK_*; the reason of `signal` when it aborts */
  request(
    peer: string,
    protocol: SyncProtocol,
    bytes: Uint8Array,
    options: { readonly signal?: AbortSignal; readonly maxBytes: number; readonly timeoutMs: number },
  ): Promise<Uint8Array>;
  penalise(peer: string, points: number, why: string): void;
}

/** The answering side. A handler that throws refuses the request. */
export interface RequestServer {
  handle(protocol: SyncProtocol, handler: (bytes: Uint8Array, from: string) => Promise<Uint8Array>): void;
}
