import type { ModelSource } from '../chain/model-keeper.ts';
import { MAX_OPENING_BYTES } from '../codec/limits.ts';
import { openingCodec } from '../codec/opening.ts';
import type { LearningService, ProofSource } from '../learning/types.ts';
import type { Network } from '../network/network.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import { type Address, checksumAddress } from '../primitives/keys.ts';
import type { Logger } from '../primitives/log.ts';
import type { BlobStore } from '../store/kv.ts';
import { BLOB_TIMEOUT_MS, OPENING_TIMEOUT_MS, WRONG_BYTES_POINTS } from './limits.ts';
import { blobRequestCodec, openingRequestCodec } from './wire.ts';

export interface PeerSourceOptions {
  /** Encoded size of an update of this network's model, and of its settled model (weights and momentum). */
  readonly maxUpdateBytes: number;
  readonly maxSnapshotBytes: number;
}

/** Fetches from peers, by identity, what the learning engine and the model keeper ask for. Wrong bytes cost the peer that sent them. */
export function createPeerSource(
  options: PeerSourceOptions,
  dependencies: {
    readonly network: Network;
    readonly blobs: BlobStore;
    /** A node that trains and judges opens its own proofs itself. */
    readonly learning: Pick<LearningService, 'opening'>;
    readonly log: Logger;
  },
): ModelSource & ProofSource {
  const { network, blobs, learning, log } = dependencies;
  /** Two callers that want one blob share one transfer. */
  const transfers = new Map<string, Promise<boolean>>();

  /** The trainer itself first: it is the one that must have it. */
  function peersFor(trainer: Address | undefined): readonly string[] {
    const account = trainer === undefined ? undefined : checksumAddress(trainer).toLowerCase();
    const owners = network.peers().filter((peer) => peer.account?.toLowerCase() === account);
    const others = network.peers().filter((peer) => !owners.includes(peer));
    return [...owners, ...others].map((peer) => peer.id);
  }

  async function transfer(
    id: Hash,
    trainer: Address | undefined,
    maxBytes: number,
    timeoutMs: number,
    verify: (bytes: Uint8Array) => boolean | Promise<boolean>,
  ): Promise<Uint8Array | undefined> {
    for (const peer of peersFor(trainer)) {
      try {
        const bytes = await network.request(peer, 'blob', blobRequestCodec.encode({ id }), { maxBytes, timeoutMs });
        if (bytes.length === 0) continue;
        if (await verify(bytes)) return bytes;
        network.penalise(peer, WRONG_BYTES_POINTS, `sent other bytes than ${toHex(id)}`);
      } catch (error) {
        log.debug({ peer, blob: toHex(id), reason: messageOf(error) }, 'a blob was not served');
      }
    }
    return undefined;
  }

  async function intoStore(
    id: Hash,
    trainer: Address,
    maxBytes: number,
    timeoutMs: number,
    verify: (bytes: Uint8Array) => boolean | Promise<boolean>,
  ): Promise<boolean> {
    if (await blobs.has(id)) return true;
    const key = toHex(id);
    const running = transfers.get(key);
    if (running !== undefined) return running;
    const started = transfer(id, trainer, maxBytes, timeoutMs, verify)
      .then(async (bytes) => {
        if (bytes === undefined) return false;
        await blobs.put(id, bytes);
        return true;
      })
      .finally(() => transfers.delete(key));
    transfers.set(key, started);
    return started;
  }

  return {
    update: ({ updateHash, trainer }, timeoutMs) =>
      intoStore(updateHash, trainer, options.maxUpdateBytes, timeoutMs, (bytes) => equalBytes(sha256(bytes), updateHash)),
    blob: (id, trainer, maxBytes, verify) => intoStore(id, trainer, maxBytes, BLOB_TIMEOUT_MS, verify),
    // The learning engine checks the root when it takes the snapshot over.
    snapshot: (modelRoot) => transfer(modelRoot, undefined, options.maxSnapshotBytes, BLOB_TIMEOUT_MS, () => true),
    async opening({ round, trainer }, segment) {
      const own = await learning.opening(round, trainer, segment);
      if (own !== undefined) return own;
      const request = openingRequestCodec.encode({ round, trainer, segment });
      for (const peer of peersFor(trainer)) {
        try {
          const bytes = await network.request(peer, 'opening', request, { maxBytes: MAX_OPENING_BYTES, timeoutMs: OPENING_TIMEOUT_MS });
          if (bytes.length > 0) return openingCodec.decode(bytes);
        } catch (error) {
          log.debug({ peer, round, segment, reason: messageOf(error) }, 'an opening was not served');
        }
      }
      return undefined;
    },
  };
}
