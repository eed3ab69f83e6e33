import type { HeaderStore } from '../chain/header-store.ts';
import { authoritySetHash } from '../codec/authority-set.ts';
import { certifiedHeaderCodec, encodeFinalBlock } from '../codec/blocks.ts';
import { openingCodec } from '../codec/opening.ts';
import type { CertifiedHeader, FinalBlock } from '../codec/types.ts';
import { readStateItem } from '../execution/state-download.ts';
import type { Openings } from '../learning/openings.ts';
import type { LearningService } from '../learning/types.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { encodeProtocolState } from '../protocol/state-codec.ts';
import type { ProtocolState } from '../protocol/types.ts';
import type { BlobStore, KeyValueStore } from '../store/kv.ts';
import { MAX_BLOCKS_RESPONSE_BYTES, MAX_HEADERS_RESPONSE_BYTES, MAX_STATE_RESPONSE_BYTES } from './limits.ts';
import { createModelFilesServer } from './model-files.ts';
import type { RequestServer } from './transport.ts';
import {
  blobRequestCodec,
  blocksRequestCodec,
  blocksResponseCodec,
  chunksRequestCodec,
  type HeadersResponse,
  headersRequestCodec,
  headersResponseCodec,
  modelOutlineCodec,
  modelRequestCodec,
  openingRequestCodec,
  protocolStateRequestCodec,
  startOutlineCodec,
  startRequestCodec,
  stateRequestCodec,
  stateResponseCodec,
} from './wire.ts';

const NOTHING = new Uint8Array(0);

/**
 * Answers peers' requests for headers, blocks, states, models, blobs, openings and the genesis document. What is not held is
 * answered with nothing; a malformed request throws, which costs the asker.
 */
export function serveSync(dependencies: {
  readonly network: RequestServer;
  /** Up to the head. */
  readonly headers: Pick<HeaderStore, 'get' | 'deciding'>;
  readonly finalBlock: (height: number) => FinalBlock | undefined;
  readonly protocolState: (height: number) => ProtocolState | undefined;
  /** Where the state trie is. */
  readonly store: Pick<KeyValueStore, 'get'>;
  readonly blobs: BlobStore;
  readonly learning: Pick<LearningService, 'heldModels' | 'heldStarts'>;
  readonly openings: Openings;
  readonly genesisDocument: Uint8Array;
}): void {
  const { network, headers, finalBlock, protocolState, store, blobs, learning, openings, genesisDocument } = dependencies;
  const models = createModelFilesServer({ learning });

  network.handle('genesis', async () => genesisDocument);

  network.handle('headers', async (bytes) => {
    const found = consecutive(headersRequestCodec.decode(bytes), headers.get, certifiedHeaderCodec.encode, MAX_HEADERS_RESPONSE_BYTES);
    const sets = setsOver(found, headers);
    return found.length === 0 || sets === undefined ? NOTHING : headersResponseCodec.encode({ headers: found, sets });
  });

  network.handle('blocks', async (bytes) => {
    const found = consecutive(blocksRequestCodec.decode(bytes), finalBlock, encodeFinalBlock, MAX_BLOCKS_RESPONSE_BYTES);
    return found.length === 0 ? NOTHING : blocksResponseCodec.encode(found);
  });

  network.handle('protocol-state', async (bytes) => {
    const state = protocolState(protocolStateRequestCodec.decode(bytes).height);
    return state === undefined ? NOTHING : encodeProtocolState(state);
  });

  network.handle('state', async (bytes) => {
    const found: Uint8Array[] = [];
    let size = 0;
    for (const hash of stateRequestCodec.decode(bytes)) {
      const item = readStateItem(store, hash) ?? NOTHING;
      size += item.length;
      if (size > MAX_STATE_RESPONSE_BYTES) break;
      found.push(item);
    }
    return size === 0 ? NOTHING : stateResponseCodec.encode(found);
  });

  network.handle('model', async (bytes) => {
    const outline = await models.outline(modelRequestCodec.decode(bytes).id);
    return outline === undefined ? NOTHING : modelOutlineCodec.encode(outline);
  });

  network.handle('start', async (bytes) => {
    const outline = await models.start(startRequestCodec.decode(bytes).id);
    return outline === undefined ? NOTHING : startOutlineCodec.encode(outline);
  });

  network.handle('chunks', async (bytes) => {
    const { vector, first, count } = chunksRequestCodec.decode(bytes);
    return (await models.chunks(vector, first, count)) ?? NOTHING;
  });

  network.handle('blob', async (bytes) => (await blobs.get(blobRequestCodec.decode(bytes).id)) ?? NOTHING);

  network.handle('opening', async (bytes) => {
    const { round, trainer, segment } = openingRequestCodec.decode(bytes);
    const opening = await openings.opening(round, trainer, segment);
    return opening === undefined ? NOTHING : openingCodec.encode(opening);
  });
}

/** The authority sets that decided on headers, as HeadersResponse lists them; undefined when one is not held. */
function setsOver(found: readonly CertifiedHeader[], headers: Pick<HeaderStore, 'deciding'>): HeadersResponse['sets'] | undefined {
  const sets: (readonly Address[])[] = [];
  let current: Hash | undefined;
  for (const [i, { header }] of found.entries()) {
    const named = found[i - 1]?.header.nextAuthorities;
    if (named !== undefined && current !== undefined && equalBytes(named, current)) continue;
    const set = headers.deciding(header.height);
    if (set === undefined) return undefined;
    const hash = authoritySetHash(set);
    if (current === undefined || !equalBytes(hash, current)) sets.push(set);
    current = hash;
  }
  return sets;
}

/** From a height on as far as they are held, and until their encodings reach the limit. */
function consecutive<T>(
  { from, count }: { readonly from: number; readonly count: number },
  get: (height: number) => T | undefined,
  encode: (value: T) => Uint8Array,
  limitBytes: number,
): readonly T[] {
  const found: T[] = [];
  let size = 0;
  for (let height = from; height < from + count && size < limitBytes; height++) {
    const value = get(height);
    if (value === undefined) break;
    found.push(value);
    size += encode(value).length;
  }
  return found;
}
