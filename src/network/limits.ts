/** Every size, count and time of the peer-to-peer layer. */

const KIB = 1024;
const MIB = 1024 * KIB;

// Gossip
/** Above this, announce a hash and let peers pull the bytes: gossip repeats each message on every link. */
export const MAX_GOSSIP_MESSAGE_BYTES = 256 * KIB;
/** One gossipsub frame may carry many messages (an answer to IWANT); a frame above the limit ends the stream. */
export const MAX_GOSSIP_FRAME_BYTES = 16 * MIB;
/** Unsent gossip a slow peer may pile up here before its stream is cut. */
export const MAX_GOSSIP_UNSENT_BYTES = 32 * MIB;
/** Mesh degree and its bounds (gossipsub v1.1): networks below MESH_HIGH peers are full meshes. */
export const MESH_DEGREE = 6;
export const MESH_LOW = 4;
export const MESH_HIGH = 12;
/** How long a promised message may take before the promise counts as broken: a node that trains is slow to answer. */
export const GOSSIP_FOLLOWUP_MS = 12_000;
/** Peers on one address beyond which gossipsub lowers their score; loopback is exempt. */
export const MAX_PEERS_PER_IP = 32;

/** How long gossipsub remembers a peer that left; what it did wrong is remembered by our standing. */
export const GOSSIP_RETAIN_MS = 60_000;

// Direct streams
export const MAX_DIRECT_MESSAGE_BYTES = 256 * KIB;
/** Unsent messages a peer; beyond either bound the oldest is dropped: in consensus the newest matters most. */
export const MAX_DIRECT_QUEUE_MESSAGES = 1024;
export const MAX_DIRECT_QUEUE_BYTES = 8 * MIB;
/** Handlers running at once for one peer's stream, beyond which reading pauses. */
export const MAX_DIRECT_HANDLERS = 64;
export const DIRECT_REOPEN_FIRST_MS = 250;
export const DIRECT_REOPEN_LAST_MS = 5_000;

// Requests
export const MAX_GENESIS_BYTES = 4 * MIB;
export const MAX_HELLO_BYTES = 32 * KIB;
/** A client keeps this many requests open to one peer; a server allows twice as many, since it sees the end of one later. */
export const MAX_REQUESTS_OUT_PER_PEER = 8;
export const MAX_REQUESTS_IN_PER_PEER = 16;
/** A request must have arrived whole this long after its stream opened. */
export const REQUEST_READ_TIMEOUT_MS = 10_000;
/** An answer may take this long to leave, plus its size at the slowest rate tolerated. */
export const RESPONSE_BASE_TIMEOUT_MS = 30_000;
export const RESPONSE_MIN_BYTES_PER_SECOND = 64 * KIB;
/** Bodies of answers that are being sent, over all peers: a crowd of slow readers must not fill the memory. */
export const MAX_RESPONSES_IN_FLIGHT_BYTES = 128 * MIB;
/** Bytes handed to a stream at once. */
export const WRITE_CHUNK_BYTES = 256 * KIB;
export const HELLO_TIMEOUT_MS = 20_000;

// Streams and connections
export const MAX_STREAMS_PER_PROTOCOL = 64;
/** A paused stream holds at most its window; the read buffer must be larger, or libp2p resets the stream. */
export const MAX_STREAM_WINDOW_BYTES = 4 * MIB;
export const MAX_STREAM_READ_BUFFER_BYTES = 16 * MIB;
/** Streams that one peer may have open to this node, whatever their protocol. */
export const MAX_INBOUND_STREAMS_PER_CONNECTION = 256;
/** One message of the WebSocket; an encrypted packet has 64 KiB. Without a bound, anybody could have 100 MiB collected. */
export const MAX_WEBSOCKET_MESSAGE_BYTES = MIB;
/** A TCP connection must have become a WebSocket within this time. */
export const UPGRADE_DEADLINE_MS = 10_000;
export const DEFAULT_MAX_PEERS = 64;
/** Connections accepted from one host in a second (libp2p's default of 5 splits networks on one machine). */
export const MAX_INBOUND_PER_HOST_PER_SECOND = 200;
export const MAX_INBOUND_PENDING = 128;
export const STREAM_OPEN_TIMEOUT_MS = 20_000;
/** An inbound connection must introduce itself within this time; a newcomer that only asks for the genesis is faster. */
export const HELLO_DEADLINE_MS = 30_000;
/** A connection older than this is taken for dead when its peer dials anew; younger ones are two simultaneous dials. */
export const SUPERSEDE_AGE_MS = 10_000;

// Dialling
export const TARGET_PEERS = 24;
export const DIAL_TICK_MS = 250;
export const DIAL_TIMEOUT_MS = 10_000;
export const DIAL_BACKOFF_FIRST_MS = 1_000;
export const DIAL_BACKOFF_LAST_MS = 30_000;
export const MAX_PARALLEL_DIALS = 8;
/** Failed dials after which a learned address is forgotten; boot nodes and authorities are never. */
export const MAX_DIAL_FAILURES = 6;
export const MAX_KNOWN_PEERS = 256;
export const MAX_SHARED_PEERS = 32;
export const MAX_ADDRESSES_PER_PEER = 8;
export const MAX_ADDRESS_CHARS = 256;
/** Below the target, a joined peer is asked again for others this often. */
export const PEER_EXCHANGE_INTERVAL_MS = 30_000;
export const GOSSIP_HEALTH_INTERVAL_MS = 5_000;
/** Checks in a row without a gossip stream before a peer is connected anew: longer than a slow connection takes to set up. */
export const GOSSIP_HEALTH_STRIKES = 5;

// Standing
/** Points at which a peer is disconnected and refused. */
export const REFUSAL_POINTS = 100;
export const PENALTY_HALF_LIFE_MS = 5 * 60_000;
export const REFUSAL_MS = 10 * 60_000;
/** A node of another network is refused this long: short, for it may be restarted with the right genesis. */
export const FOREIGN_REFUSAL_MS = 30_000;
/** A node of another network is told so before it is disconnected. */
export const FOREIGN_GRACE_MS = 1_000;
export const MAX_STANDINGS = 4096;
/** Nodes of other networks that were reported once; more are reported again. */
export const MAX_REPORTED_FOREIGNERS = 1_024;
export const PENALTY_REJECTED_MESSAGE = 20;
/** Twice is enough. */
export const PENALTY_MALFORMED = 60;
export const PENALTY_OVER_RATE = 1;
/** A request that was begun and never finished: twenty in a few minutes are no accident. */
export const PENALTY_UNFINISHED_REQUEST = 5;
/** A connection made sooner after others than any honest dialler would. */
export const PENALTY_CONNECTION_CHURN = 2;

// Rates one peer may keep up, and bursts
export const CONNECTIONS_PER_PEER = { perSecond: 0.5, burst: 20 } as const;
/** New connections from one address, counted before the encryption that they would cost. */
export const CONNECTIONS_PER_ADDRESS = { perSecond: 5, burst: 50 } as const;
/** A whole network may run on this machine. */
export const CONNECTIONS_PER_LOOPBACK = { perSecond: 200, burst: 400 } as const;
/** What a connection counts for that was refused only after the encryption. */
export const REFUSED_CONNECTION_TOKENS = 10;
/** Addresses and peers whose rates are remembered; the oldest is forgotten first. */
export const MAX_RATED_SOURCES = 4_096;
export const GOSSIP_MESSAGES_PER_SECOND = 1_000;
export const GOSSIP_MESSAGES_BURST = 5_000;
export const DIRECT_MESSAGES_PER_SECOND = 200;
export const DIRECT_MESSAGES_BURST = 1_000;
/**
 * What one peer may ask, protocol by protocol: requests a second, requests at once, and bytes of one request. A client keeps to
 * REQUEST_PACE of it, so that an honest peer is never called too fast.
 */
export const REQUEST_LIMITS = {
  hello: { perSecond: 1, burst: 10, maxRequestBytes: MAX_HELLO_BYTES },
  genesis: { perSecond: 1, burst: 10, maxRequestBytes: 64 },
  asset: { perSecond: 100, burst: 200, maxRequestBytes: 128 },
  headers: { perSecond: 20, burst: 100, maxRequestBytes: 128 },
  blocks: { perSecond: 50, burst: 200, maxRequestBytes: 128 },
  'protocol-state': { perSecond: 2, burst: 20, maxRequestBytes: 128 },
  state: { perSecond: 50, burst: 200, maxRequestBytes: 16 * KIB },
  model: { perSecond: 2, burst: 20, maxRequestBytes: 128 },
  start: { perSecond: 2, burst: 20, maxRequestBytes: 128 },
  chunks: { perSecond: 200, burst: 400, maxRequestBytes: 128 },
  blob: { perSecond: 200, burst: 1_000, maxRequestBytes: 128 },
  opening: { perSecond: 100, burst: 500, maxRequestBytes: 128 },
} as const;
export const REQUEST_PACE = 0.75;
