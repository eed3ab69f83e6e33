/** Authenticated, encrypted peer-to-peer transport: what the rest of the node needs of libp2p, and no more. */
export interface Network {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Addresses others can dial, as text (multiaddr with peer id). */
  addresses(): readonly string[];
  readonly peerId: string;
  peers(): readonly PeerInfo[];
  /** Called when a peer passed the handshake (same genesis), and when it left. A peer is joined after the handshake only. */
  onPeer(listener: (event: { readonly kind: 'joined' | 'left'; readonly peer: PeerInfo }) => void): () => void;

  /**
   * Gossips a message; resolves to the number of direct recipients, 0 for one published before.
   * @throws NETWORK_TOO_LARGE above MAX_GOSSIP_MESSAGE_BYTES
   */
  publish(topic: Topic, bytes: Uint8Array): Promise<number>;
  /** One handler a topic. Its verdict decides on forwarding and on the sender's score. */
  subscribe(topic: Topic, handler: (bytes: Uint8Array, from: string) => Promise<Judgement>): void;

  /** Sends one message to every connected peer over its own stream, beside gossip: for consensus votes, which must not wait for a mesh. */
  sendToAll(protocol: DirectProtocol, bytes: Uint8Array): void;
  onDirect(protocol: DirectProtocol, handler: (bytes: Uint8Array, from: string) => Promise<Judgement>): void;

  /**
   * Request and response over one stream. Empty response = the peer does not have it.
   * @throws NETWORK_TIMEOUT, NETWORK_UNREACHABLE, NETWORK_REFUSED, NETWORK_TOO_LARGE; the reason of `signal` when it aborts
   */
  request(
    peer: string,
    protocol: RequestProtocol,
    bytes: Uint8Array,
    options: { readonly signal?: AbortSignal; readonly maxBytes: number; readonly timeoutMs: number },
  ): Promise<Uint8Array>;
  /** One handler a protocol; 'hello' is the network's own. One that throws makes the asker see NETWORK_REFUSED. */
  handle(protocol: RequestProtocol, handler: (bytes: Uint8Array, from: string) => Promise<Uint8Array>): void;
  /** Lowers a peer's standing; at the bottom it is disconnected and refused for a while. */
  penalise(peer: string, points: number, why: string): void;
  /** Tells what height a peer was seen to have, so that `PeerInfo.height` stays fresh between handshakes. Unknown peers are ignored. */
  noteHeight(peer: string, height: number): void;
}

export const TOPICS = ['operations', 'transactions', 'consensus'] as const;
export type Topic = (typeof TOPICS)[number];
export type DirectProtocol = 'consensus';
/**
 * hello: genesis hash and height; genesis: the document; headers: with certificates, by height; blocks: final blocks by height;
 * protocol-state: by height; state: trie nodes and code by hash; model: a settled model's chunk hashes by its root; start: those of the
 * weights that a kept round started from; chunks: of such a vector; blob: bytes by identity; opening: a proof's opened segment.
 */
export const REQUEST_PROTOCOLS = [
  'hello',
  'genesis',
  'asset',
  'headers',
  'blocks',
  'protocol-state',
  'state',
  'model',
  'start',
  'chunks',
  'blob',
  'opening',
] as const;
export type RequestProtocol = (typeof REQUEST_PROTOCOLS)[number];

/** accept: valid and forwarded; ignore: not ours to judge or already known; reject: invalid, costs the sender. */
export type Judgement = 'accept' | 'ignore' | 'reject';

export interface PeerInfo {
  readonly id: string;
  readonly remoteAddress: string;
  readonly direction: 'inbound' | 'outbound';
  /** EIP-55 text, proven by the signed handshake; undefined for a peer that showed no account. */
  readonly account: string | undefined;
  readonly nodeId: string | undefined;
  readonly height: number;
  /** 0 for a clean record, falling to −100, where the peer is refused. */
  readonly score: number;
}
