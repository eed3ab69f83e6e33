import type { GossipSub, TopicValidatorResult } from '@libp2p/gossipsub';
import type { Clock } from '../primitives/clock.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Logger } from '../primitives/log.ts';
import { networkError } from './errors.ts';
import {
  GOSSIP_MESSAGES_BURST,
  GOSSIP_MESSAGES_PER_SECOND,
  MAX_GOSSIP_MESSAGE_BYTES,
  PENALTY_MALFORMED,
  PENALTY_OVER_RATE,
  PENALTY_REJECTED_MESSAGE,
} from './limits.ts';
import type { Judgement, Topic } from './network.ts';
import type { WireNames } from './protocols.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

export type GossipHandler = (bytes: Uint8Array, from: string) => Promise<Judgement>;

export interface GossipDeps {
  readonly names: WireNames;
  readonly clock: Clock;
  readonly log: Logger;
  penalise(peer: string, points: number, why: string): void;
  isRefused(peer: string): boolean;
  onJudged(judgement: Judgement): void;
}

export interface Gossip {
  publish(topic: Topic, bytes: Uint8Array): Promise<number>;
  subscribe(topic: Topic, handler: GossipHandler): void;
  /** Binds to a started gossipsub, and to none when stopped. */
  bind(service: GossipSub | undefined): void;
  forget(peer: string): void;
}

/** Topics and their validators over gossipsub. A message is forwarded only when its handler accepts it. */
export function createGossip(deps: GossipDeps): Gossip {
  const handlers = new Map<Topic, GossipHandler>();
  const buckets = new Map<string, TokenBucket>();
  let service: GossipSub | undefined;

  async function judge(topic: Topic, handler: GossipHandler, bytes: Uint8Array, from: string): Promise<Judgement> {
    // 0. [IGNORE] The sender is not refused: one frame can bring thousands of messages after the one that was too many.
    if (deps.isRefused(from)) return 'ignore';
    // 1. [REJECT] The message is within the size limit.
    if (bytes.length > MAX_GOSSIP_MESSAGE_BYTES) {
      deps.penalise(from, PENALTY_MALFORMED, `a ${topic} message of ${bytes.length} bytes`);
      return 'reject';
    }
    // 2. The sender keeps its rate. An excess costs it points, but the message is judged all the same: gossipsub has
    //    marked it as seen, and would not deliver it again from an honest peer.
    let bucket = buckets.get(from);
    if (bucket === undefined) {
      bucket = createTokenBucket({ perSecond: GOSSIP_MESSAGES_PER_SECOND, burst: GOSSIP_MESSAGES_BURST }, deps.clock);
      buckets.set(from, bucket);
    }
    if (!bucket.take()) deps.penalise(from, PENALTY_OVER_RATE, 'too many gossip messages');
    // 3. The topic's own rules.
    try {
      const judgement = await handler(bytes, from);
      if (judgement === 'reject') deps.penalise(from, PENALTY_REJECTED_MESSAGE, `rejected ${topic} message`);
      return judgement;
    } catch (error) {
      deps.log.warn({ topic, peer: from, error: messageOf(error) }, 'a gossip handler failed; the message is ignored');
      return 'ignore';
    }
  }

  function attach(topic: Topic, handler: GossipHandler): void {
    const name = deps.names.topic(topic);
    service?.topicValidators.set(name, async (peer, message) => {
      const judgement = await judge(topic, handler, message.data, peer.toString());
      deps.onJudged(judgement);
      // gossipsub's enumeration has exactly our words as its values.
      return judgement as TopicValidatorResult;
    });
    service?.subscribe(name);
  }

  return {
    async publish(topic, bytes) {
      if (bytes.length > MAX_GOSSIP_MESSAGE_BYTES) {
        throw networkError(
          'NETWORK_TOO_LARGE',
          `a ${topic} message has ${bytes.length} bytes where gossip takes ${MAX_GOSSIP_MESSAGE_BYTES}: announce its hash instead`,
        );
      }
      if (service === undefined) throw networkError('NETWORK_NOT_STARTED', 'publish: the network is not running');
      const { recipients } = await service.publish(deps.names.topic(topic), bytes);
      return recipients.length;
    },
    subscribe(topic, handler) {
      if (handlers.has(topic)) throw networkError('NETWORK_HANDLER_TAKEN', `the topic "${topic}" has a handler already`);
      handlers.set(topic, handler);
      if (service !== undefined) attach(topic, handler);
    },
    bind(next) {
      service = next;
      if (service !== undefined) for (const [topic, handler] of handlers) attach(topic, handler);
      else buckets.clear();
    },
    forget: (peer) => {
      buckets.delete(peer);
    },
  };
}
