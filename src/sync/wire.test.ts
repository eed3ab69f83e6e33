import { describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import {
  blobRequestCodec,
  blocksRequestCodec,
  chunksRequestCodec,
  headersRequestCodec,
  modelOutlineCodec,
  modelRequestCodec,
  protocolStateRequestCodec,
  stateRequestCodec,
  stateResponseCodec,
} from './wire.ts';

const fill = (value: number) => new Uint8Array(32).fill(value);
const hex = (value: string) => `a0${value.repeat(32)}`;

/** Written by hand from the RLP rules: what peers of another version would see. */
describe('the formats of synchronisation', () => {
  it.each([
    ['headers', headersRequestCodec.encode({ from: 1, count: 256 }), '0xc30181ff'],
    ['blocks', blocksRequestCodec.encode({ from: 1_024, count: 64 }), '0xc48204003f'],
    ['protocol-state', protocolStateRequestCodec.encode({ height: 64 }), '0xc140'],
    ['state', stateRequestCodec.encode([fill(0x11)]), `0xe1${hex('11')}`],
    ['state, answered', stateResponseCodec.encode([new Uint8Array(0), Uint8Array.of(1, 2)]), '0xc480820102'],
    ['model', modelRequestCodec.encode({ id: fill(0x11) }), `0xe1${hex('11')}`],
    [
      'model, answered',
      modelOutlineCodec.encode({ weights: fill(0x11), momentum: fill(0x22), weightsChunks: fill(0x33), momentumChunks: fill(0x44) }),
      `0xf884${hex('11')}${hex('22')}${hex('33')}${hex('44')}`,
    ],
    ['chunks', chunksRequestCodec.encode({ vector: fill(0x11), first: 16, count: 16 }), `0xe3${hex('11')}100f`],
    ['blob', blobRequestCodec.encode({ id: fill(0x11) }), `0xe1${hex('11')}`],
  ])('%s', (_, bytes, expected) => {
    expect(toHex(bytes)).toBe(expected);
  });
});
