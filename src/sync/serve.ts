import { encodeFinalBlock } from '../codec/blocks.ts';
import { openingCodec } from '../codec/opening.ts';
import type { FinalBlock } from '../codec/types.ts';
import type { LearningService } from '../learning/types.ts';

import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { BlobStore } from '../store/kv.ts';
import { MAX_BLOCKS_RESPONSE_BYTES } from './limits.ts';
import type { RequestServer } from './transport.ts';
import { blobRequestCodec, blocksRequestCodec, blocksResponseCodec, openingRequestCodec } from './wire.ts';

const NOTHING = new Uint8Array(0);

/** Answers peers' requests for blocks, blobs, openings and the genesis document. A malformed request throws, which costs the asker. */
export function serveSync(dependencies: {
  readonly network: RequestServer;
  readonly finalBlock: (height: number) => FinalBlock | undefined;
  readonly blobs: BlobStore;
  readonly learning: Pick<LearningService, 'opening' | 'exportSnapshot'>;
  readonly modelRoot: () => Hash;
  readonly genesisDocument: Uint8Array;
}): void {
  const { network, finalBlock, blobs, learning, modelRoot, genesisDocument } = dependencies;

  /** Reading a model takes its size in memory: all who ask for it at a time share one copy. */
  let exporting: ReturnType<LearningService['exportSnapshot']> | undefined;
  function exportOnce() {
    exporting ??= learning.exportSnapshot().finally(() => {
      exporting = undefined;
    });
    return exporting;
  }

  network.handle('genesis', async () => genesisDocument);

  network.handle('blocks', async (bytes) => {
    const { from, count } = blocksRequestCodec.decode(bytes);
    const found: FinalBlock[] = [];
    let size = 0;
    for (let height = from; height < from + count && size < MAX_BLOCKS_RESPONSE_BYTES; height++) {
      const final = finalBlock(height);
      if (final === undefined) break;
      found.push(final);
      size += encodeFinalBlock(final).length;
    }
    return found.length === 0 ? NOTHING : blocksResponseCodec.encode(found);
  });

  network.handle('blob', async (bytes) => {
    const { id } = blobRequestCodec.decode(bytes);
    if (equalBytes(id, modelRoot())) {
      const snapshot = await exportOnce();
      if (equalBytes(snapshot.modelRoot, id)) return snapshot.bytes;
    }
    return (await blobs.get(id)) ?? NOTHING;
  });

  network.handle('opening', async (bytes) => {
    const { round, trainer, segment } = openingRequestCodec.decode(bytes);
    const opening = await learning.opening(round, trainer, segment);
    return opening === undefined ? NOTHING : openingCodec.encode(opening);
  });
}
