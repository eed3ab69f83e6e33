import { compareBytes, fromHex, toHex } from '../primitives/bytes.ts';
import { checkBlobId } from './blobs.ts';
import type { BlobStore } from './kv.ts';

/** Blobs in memory: for tests and the simulator. */
export function createMemoryBlobStore(): BlobStore {
  const blobs = new Map<string, Uint8Array>();

  function nameOf(id: Uint8Array): string {
    checkBlobId(id);
    return toHex(id);
  }

  return {
    async put(id, bytes) {
      blobs.set(nameOf(id), bytes.slice());
    },
    async get(id) {
      return blobs.get(nameOf(id))?.slice();
    },
    async has(id) {
      return blobs.has(nameOf(id));
    },
    async delete(id) {
      blobs.delete(nameOf(id));
    },
    async list() {
      return [...blobs.keys()].map((name) => fromHex(name)).sort(compareBytes);
    },
  };
}
