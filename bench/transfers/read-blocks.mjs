import { readFileSync } from 'node:fs';

/** The blocks of a file that make-blocks.mjs wrote. */
export function readBlocks(file) {
  const bytes = readFileSync(file);
  const blocks = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    blocks.push(new Uint8Array(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return blocks;
}

/** Imports blocks one after the other; prints milliseconds of each but the first ones, which warm up, and the last state root. */
export async function timeImport(blocks, warmUp, importBlock) {
  const times = [];
  let root;
  for (const [index, bytes] of blocks.entries()) {
    const start = performance.now();
    root = await importBlock(bytes);
    if (index >= warmUp) times.push(performance.now() - start);
  }
  console.log(JSON.stringify({ times, root: Buffer.from(root).toString('hex') }));
}
