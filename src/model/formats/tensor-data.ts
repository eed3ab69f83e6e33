import type { ByteSource } from './byte-source.ts';
import { decodeValues, encodedBytes, encodeValues, type TensorType } from './encoding.ts';
import { PIECE_VALUES } from './limits.ts';

/** The encoding of a tensor, piece by piece. */
export function* encodedPieces(type: TensorType, values: Float32Array): Generator<Uint8Array> {
  for (let at = 0; at < values.length; at += PIECE_VALUES) yield encodeValues(type, values.subarray(at, at + PIECE_VALUES));
}

/** Fills `out` from its encoding at `position`, piece by piece. @throws FORMAT_INVALID when the file ends before */
export async function readTensor(source: ByteSource, position: number, type: TensorType, out: Float32Array): Promise<void> {
  for (let at = 0; at < out.length; at += PIECE_VALUES) {
    const part = out.subarray(at, at + PIECE_VALUES);
    decodeValues(type, await source.read(position + encodedBytes(type, at), encodedBytes(type, part.length)), part);
  }
}
