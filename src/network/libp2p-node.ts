import './polyfills.ts';
import { noise } from '@chainsafe/libp2p-noise';
import { gossipsub } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import type { ConnectionGater, PrivateKey } from '@libp2p/interface';
import { ping } from '@libp2p/ping';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { gossipParams } from './gossip-params.ts';
import {
  DIAL_TIMEOUT_MS,
  MAX_INBOUND_PENDING,
  MAX_INBOUND_PER_HOST_PER_SECOND,
  MAX_INBOUND_STREAMS_PER_CONNECTION,
  MAX_PARALLEL_DIALS,
  MAX_STREAM_READ_BUFFER_BYTES,
  MAX_STREAM_WINDOW_BYTES,
  STREAM_OPEN_TIMEOUT_MS,
} from './limits.ts';

export interface Libp2pOptions {
  readonly privateKey: PrivateKey;
  /** Multiaddrs; empty for a node that only dials. */
  readonly listen: readonly string[];
  readonly announce: readonly string[];
  readonly maxConnections: number;
  readonly gater: ConnectionGater;
}

export interface GossipOptions {
  readonly topics: readonly string[];
  penaltyPoints(peer: string): number;
}

export type Libp2pNode = Awaited<ReturnType<typeof createNode>>;

/** A full node: libp2p over WebSocket, noise and yamux, with gossip. Not started yet. */
export function createNode(options: Libp2pOptions, gossip: GossipOptions) {
  return createLibp2p({
    ...base(options),
    services: {
      identify: identify({ timeout: STREAM_OPEN_TIMEOUT_MS }),
      ping: ping(),
      gossip: gossipsub(gossipParams(gossip.topics, gossip.penaltyPoints)),
    },
  });
}

/** A node that only asks: no listener, no gossip, no identify. Not started yet. */
export function createClient(options: Omit<Libp2pOptions, 'listen' | 'announce'>) {
  return createLibp2p(base({ ...options, listen: [], announce: [] }));
}

function base(options: Libp2pOptions) {
  return {
    start: false,
    privateKey: options.privateKey,
    nodeInfo: { name: 'pol-node', version: '1', userAgent: 'pol-node' },
    addresses: { listen: [...options.listen], appendAnnounce: [...options.announce] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: MAX_INBOUND_STREAMS_PER_CONNECTION,
        streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES, maxReadBufferLength: MAX_STREAM_READ_BUFFER_BYTES },
      }),
    ],
    connectionGater: options.gater,
    connectionManager: {
      maxConnections: options.maxConnections,
      maxParallelDials: MAX_PARALLEL_DIALS,
      dialTimeout: DIAL_TIMEOUT_MS,
      addressDialTimeout: DIAL_TIMEOUT_MS / 2,
      inboundConnectionThreshold: MAX_INBOUND_PER_HOST_PER_SECOND,
      maxIncomingPendingConnections: MAX_INBOUND_PENDING,
      inboundUpgradeTimeout: STREAM_OPEN_TIMEOUT_MS,
      inboundStreamProtocolNegotiationTimeout: STREAM_OPEN_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: STREAM_OPEN_TIMEOUT_MS,
    },
    // A busy machine answers pings late; cutting its connections would split the network.
    connectionMonitor: { abortConnectionOnPingFailure: false },
  };
}
