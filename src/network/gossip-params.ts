import type { GossipsubOpts } from '@libp2p/gossipsub';
import { utf8 } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';
import {
  GOSSIP_FOLLOWUP_MS,
  GOSSIP_RETAIN_MS,
  MAX_GOSSIP_FRAME_BYTES,
  MAX_GOSSIP_UNSENT_BYTES,
  MAX_PEERS_PER_IP,
  MESH_DEGREE,
  MESH_HIGH,
  MESH_LOW,
  REFUSAL_POINTS,
} from './limits.ts';

const LOOPBACK = ['127.0.0.1', '::1', '::ffff:127.0.0.1'];

/**
 * gossipsub v1.1 with our own accounts. Its score is our standing alone (P5): counters of its own would punish an honest
 * node that is busy training for late deliveries (P3) and broken promises (P7).
 *
 * @param penaltyPoints a peer's points now
 */
export function gossipParams(topics: readonly string[], penaltyPoints: (peer: string) => number): Partial<GossipsubOpts> {
  const topicParams = {
    topicWeight: 1,
    timeInMeshWeight: 0,
    timeInMeshQuantum: 1_000,
    timeInMeshCap: 1,
    firstMessageDeliveriesWeight: 0,
    firstMessageDeliveriesDecay: 0.5,
    firstMessageDeliveriesCap: 1,
    meshMessageDeliveriesWeight: 0,
    meshMessageDeliveriesDecay: 0.5,
    meshMessageDeliveriesCap: 1,
    meshMessageDeliveriesThreshold: 1,
    meshMessageDeliveriesWindow: 0,
    meshMessageDeliveriesActivation: 1_000,
    meshFailurePenaltyWeight: 0,
    meshFailurePenaltyDecay: 0.5,
    invalidMessageDeliveriesWeight: 0,
    invalidMessageDeliveriesDecay: 0.5,
  };
  return {
    // What we gossip is signed inside; a second signature would double the cost and reveal the origin.
    globalSignaturePolicy: 'StrictNoSign',
    // topic ‖ 0 ‖ data: a topic is printable text, so no two pairs share an encoding.
    msgIdFn: (message) => sha256(utf8(message.topic), Uint8Array.of(0), message.data),
    floodPublish: true,
    fallbackToFloodsub: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    emitSelf: false,
    doPX: false,
    allowedTopics: [...topics],
    D: MESH_DEGREE,
    Dlo: MESH_LOW,
    Dhi: MESH_HIGH,
    gossipsubIWantFollowupMs: GOSSIP_FOLLOWUP_MS,
    maxInboundDataLength: MAX_GOSSIP_FRAME_BYTES,
    maxOutboundBufferSize: MAX_GOSSIP_UNSENT_BYTES,
    scoreParams: {
      topics: Object.fromEntries(topics.map((topic) => [topic, topicParams])),
      appSpecificScore: (peer) => -penaltyPoints(peer),
      appSpecificWeight: 1,
      IPColocationFactorWeight: -1,
      IPColocationFactorThreshold: MAX_PEERS_PER_IP,
      IPColocationFactorWhitelist: new Set(LOOPBACK),
      behaviourPenaltyWeight: 0,
      retainScore: GOSSIP_RETAIN_MS,
    },
    scoreThresholds: {
      gossipThreshold: -0.4 * REFUSAL_POINTS,
      publishThreshold: -0.6 * REFUSAL_POINTS,
      // No earlier than we refuse a peer: what gossipsub does not deliver, nobody counts, and its sender would stay connected for ever.
      graylistThreshold: -REFUSAL_POINTS,
    },
  };
}
