import type { ModelSource } from '../chain/model-keeper.ts';
import { MAX_OPENING_BYTES } from '../codec/limits.ts';
import { openingCodec } from '../codec/opening.ts';
import { verifyOpening } from '../learning/leaves.ts';
import type { Openings } from '../learning/openings.ts';
import type { ProofSource } from '../learning/types.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Clock } from '../primitives/clock.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import { type Address, checksumAddress } from '../primitives/keys.ts';
import type { Logger } from '../primitives/log.ts';
import type { BlobStore } from '../store/kv.ts';
import { BLOB_TIMEOUT_MS, MAX_SLOW_PEER_REST_MS, OPENING_TIMEOUT_MS, SLOW_PEER_REST_MS, WRONG_BYTES_POINTS } from './limits.ts';
import type { ModelDownload } from './model-download.ts';
import type { PeerRequests } from './transport.ts';
import { blobRequestCodec, openingRequestCodec } from './wire.ts';

export interface PeerSourceOptions {
  /** Encoded size of an update of this network's model. */
  readonly maxUpdateBytes: number;
  /** Of the network: leaves of proofs are bound to both. */
  readonly chainId: number;
  readonly genesisHash: Hash;
}

type Verify = (bytes: Uint8Array) => boolean | Promise<boolean>;

/** Fetches from peers, by identity, what the learning engine and the model keeper ask for. Wrong bytes cost the peer that sent them. */
export function createPeerSource(
  options: PeerSourceOptions,
  dependencies: {
    readonly network: PeerRequests;
    readonly blobs: BlobStore;
    /** A node that trains and judges opens its own proofs itself. */
    readonly openings: Openings;
    readonly models: ModelDownload;
    /** Aborts when the node stops. */
    readonly stopping: AbortSignal;
    readonly clock: Clock;
    readonly log: Logger;
  },
): ModelSource & ProofSource {
  const { network, blobs, openings, models, stopping, clock, log } = dependencies;
  /** By identity: two callers that want one blob share its transfer. */
  const transfers = new Map<string, Promise<boolean>>();

  /** Peers that kept this node waiting to no end: when they may be asked again, and how long they are left alone for. */
  const resting = new Map<string, { readonly until: number; readonly restMs: number }>();
  const isResting = (peer: string) => clock.now() < (resting.get(peer)?.until ?? 0);

  /**
   * The trainer itself first: it is the one that must have it. Who let a request run out of time is left alone for a while: a trainer
   * that answers nothing, or a byte a second, would otherwise cost its checkers the whole window for each of its segments. The while is
   * short at first: an honest peer whose machine was busy for a moment must not lose the round after, and the one after that.
   */
  function peersFor(trainer: Address): readonly string[] {
    const account = checksumAddress(trainer);
    const peers = network.peers().filter(({ id }) => !isResting(id));
    const owners = peers.filter((peer) => peer.account === account);
    return [...owners, ...peers.filter((peer) => !owners.includes(peer))].map((peer) => peer.id);
  }

  function letRest(peer: string): void {
    // Requests that ran beside the one which sent it to rest say nothing new.
    if (isResting(peer)) return;
    const now = clock.now();
    for (const [id, { until }] of resting) if (until + MAX_SLOW_PEER_REST_MS <= now) resting.delete(id);
    const restMs = Math.min(2 * (resting.get(peer)?.restMs ?? SLOW_PEER_REST_MS / 2), MAX_SLOW_PEER_REST_MS);
    resting.set(peer, { until: now + restMs, restMs });
  }

  /** A request whose outcome says whether the peer may be asked again soon. */
  const ask: PeerRequests['request'] = async (peer, ...request) => {
    try {
      const bytes = await network.request(peer, ...request);
      resting.delete(peer);
      return bytes;
    } catch (error) {
      if (isPolError(error, 'NETWORK_TIMEOUT')) letRest(peer);
      throw error;
    }
  };

  async function transfer(id: Hash, trainer: Address, maxBytes: number, verify: Verify): Promise<Uint8Array | undefined> {
    for (const peer of peersFor(trainer)) {
      try {
        const bytes = await ask(peer, 'blob', blobRequestCodec.encode({ id }), { maxBytes, timeoutMs: BLOB_TIMEOUT_MS });
        if (bytes.length === 0) continue;
        if (await verify(bytes)) return bytes;
        network.penalise(peer, WRONG_BYTES_POINTS, `sent other bytes than ${toHex(id)}`);
      } catch (error) {
        log.debug({ peer, blob: toHex(id), reason: messageOf(error) }, 'a blob was not served');
      }
    }
    return undefined;
  }

  async function fetchInto(id: Hash, trainer: Address, maxBytes: number, verify: Verify): Promise<boolean> {
    const bytes = await transfer(id, trainer, maxBytes, verify);
    if (bytes === undefined) return false;
    await blobs.put(id, bytes);
    return true;
  }

  /** A caller waits as long as it likes; the transfer goes on, so that on a slow link the next caller finds it further. */
  async function intoStore(id: Hash, trainer: Address, maxBytes: number, timeoutMs: number, verify: Verify): Promise<boolean> {
    if (await blobs.has(id)) return true;
    const key = toHex(id);
    let running = transfers.get(key);
    if (running === undefined) {
      running = fetchInto(id, trainer, maxBytes, verify).finally(() => transfers.delete(key));
      transfers.set(key, running);
    }
    return orFalseAfter(running, timeoutMs, clock);
  }

  return {
    update: ({ updateHash, trainer }, timeoutMs) =>
      intoStore(updateHash, trainer, options.maxUpdateBytes, timeoutMs, (bytes) => equalBytes(sha256(bytes), updateHash)),
    discard: ({ updateHash }) => blobs.delete(updateHash),
    blob: (id, trainer, maxBytes, verify) => intoStore(id, trainer, maxBytes, BLOB_TIMEOUT_MS, verify),
    snapshot: (modelRoot) => models.fetch(modelRoot, stopping),
    discardSnapshot: models.discard,
    async opening(proof, segment) {
      const { round, trainer } = proof;
      const scope = { chainId: options.chainId, genesisHash: options.genesisHash, round, trainer };
      const own = await openings.opening(round, trainer, segment);
      if (own !== undefined) return own;
      const request = openingRequestCodec.encode({ round, trainer, segment });
      for (const peer of peersFor(trainer)) {
        try {
          const bytes = await ask(peer, 'opening', request, { maxBytes: MAX_OPENING_BYTES, timeoutMs: OPENING_TIMEOUT_MS });
          if (bytes.length === 0) continue;
          const opening = openingCodec.decode(bytes);
          if (verifyOpening(scope, proof, segment, opening)) return opening;
          // Whoever made it, this peer passed it on without looking; another one may have checked the segment, and kept the right one.
          network.penalise(peer, WRONG_BYTES_POINTS, `opened segment ${segment} of round ${round} with wrong paths`);
        } catch (error) {
          log.debug({ peer, round, segment, reason: messageOf(error) }, 'an opening was not served');
        }
      }
      return undefined;
    },
  };
}

/** Resolves with the work's value or, when that takes longer, with false; the work is not stopped. */
function orFalseAfter(work: Promise<boolean>, timeoutMs: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => resolve(false));
    work.then(resolve, reject).finally(cancel);
  });
}
