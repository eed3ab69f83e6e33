import { open } from 'node:fs/promises';
import { ASSET_PART_BYTES } from '../codec/limits.ts';
import type { Hash } from '../primitives/hash.ts';
import { hasSystemCode } from '../store/errors.ts';
import { syncError } from './errors.ts';
import type { RequestServer } from './transport.ts';

const REQUEST_BYTES = 40;

/**
 * Serves the files that the genesis names by hash, part by part: 32 bytes of the hash and eight of the offset are asked, a part is
 * answered, and nothing for what is not held.
 * @param find the path of a file by its hash
 */
export function serveAssets({
  network,
  find,
}: {
  readonly network: RequestServer;
  readonly find: (hash: Hash) => Promise<string | undefined>;
}): void {
  network.handle('asset', async (bytes) => {
    if (bytes.length !== REQUEST_BYTES) throw syncError('SYNC_WRONG_BYTES', 'a request for a file has 40 bytes');
    const path = await find(bytes.slice(0, 32));
    if (path === undefined) return new Uint8Array(0);
    const offset = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(32);
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) return new Uint8Array(0);
    const file = await open(path, 'r').catch((error: unknown) => {
      if (hasSystemCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (file === undefined) return new Uint8Array(0);
    try {
      const part = new Uint8Array(ASSET_PART_BYTES);
      let length = 0;
      // One read may bring less than there is.
      while (length < part.length) {
        const { bytesRead } = await file.read(part, length, part.length - length, Number(offset) + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return part.subarray(0, length);
    } finally {
      await file.close();
    }
  });
}
