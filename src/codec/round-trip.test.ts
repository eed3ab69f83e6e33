import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PolError } from '../primitives/errors.ts';
import { decodeBlock, decodeFinalBlock, decodeHeader, encodeBlock, encodeFinalBlock, encodeHeader } from './blocks.ts';
import { decodeCertificate, encodeCertificate } from './certificate.ts';
import { decodeConsensusMessage, decodeProposal, encodeConsensusMessage, encodeProposal } from './consensus-messages.ts';
import { openingCodec } from './opening.ts';
import { decodeOperation, decodeSignedOperation, encodeOperation, encodeSignedOperation } from './operations.ts';
import {
  anyBlock,
  anyCertificate,
  anyFinalBlock,
  anyHeader,
  anyMessage,
  anyOpening,
  anyOperation,
  anyProposal,
  anySignedOperation,
  anyVote,
} from './testing/arbitraries.ts';
import { decodeConsensusVote, encodeConsensusVote } from './votes.ts';

interface Format {
  readonly any: fc.Arbitrary<unknown>;
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

const format = <T>(any: fc.Arbitrary<T>, encode: (value: T) => Uint8Array, decode: (bytes: Uint8Array) => T): Format => ({
  any,
  encode: (value) => encode(value as T),
  decode,
});

const formats: Readonly<Record<string, Format>> = {
  operation: format(anyOperation, encodeOperation, decodeOperation),
  'signed operation': format(anySignedOperation, encodeSignedOperation, decodeSignedOperation),
  header: format(anyHeader, encodeHeader, decodeHeader),
  block: format(anyBlock, encodeBlock, decodeBlock),
  certificate: format(anyCertificate, encodeCertificate, decodeCertificate),
  'final block': format(anyFinalBlock, encodeFinalBlock, decodeFinalBlock),
  vote: format(anyVote, encodeConsensusVote, decodeConsensusVote),
  proposal: format(anyProposal, encodeProposal, decodeProposal),
  'consensus message': format(anyMessage, encodeConsensusMessage, decodeConsensusMessage),
  opening: format(anyOpening, openingCodec.encode, openingCodec.decode),
};

/** Decodes when the bytes are an encoding; anything thrown must be one of ours. */
function decodeOrReject(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: decode(bytes) };
  } catch (error) {
    expect(error).toBeInstanceOf(PolError);
    return undefined;
  }
}

/** One change such as a faulty disk or a clever peer makes: a byte altered, taken out, put in, or the end cut off. */
const anyMutation = fc.record({
  kind: fc.constantFrom('set' as const, 'remove' as const, 'insert' as const, 'cut' as const),
  place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  byte: fc.oneof(fc.constantFrom(0x00, 0x80, 0x81, 0xb8, 0xc0, 0xc1, 0xf8, 0xff), fc.nat(255)),
});

function mutate(bytes: Uint8Array, { kind, place, byte }: { kind: 'set' | 'remove' | 'insert' | 'cut'; place: number; byte: number }) {
  const at = Math.floor(place * bytes.length);
  if (kind === 'cut') return bytes.slice(0, at);
  const out = [...bytes];
  if (kind === 'set') out[at] = byte;
  else if (kind === 'remove') out.splice(at, 1);
  else out.splice(at, 0, byte);
  return Uint8Array.from(out);
}

describe.each(Object.entries(formats))('encoding of a %s', (_name, { any, encode, decode }) => {
  it('gives the value back, bit for bit', () => {
    fc.assert(
      fc.property(any, (value) => {
        const bytes = encode(value);
        const decoded = decode(bytes);
        expect(decoded).toEqual(value);
        expect(encode(decoded)).toEqual(bytes);
      }),
      { numRuns: 60 },
    );
  });

  it('accepts nothing but the one canonical form, and throws nothing but typed errors', () => {
    fc.assert(
      fc.property(any, fc.array(anyMutation, { minLength: 1, maxLength: 3 }), (value, mutations) => {
        const bytes = mutations.reduce(mutate, encode(value));
        const accepted = decodeOrReject(decode, bytes);
        if (accepted !== undefined) expect(encode(accepted.value)).toEqual(bytes);
      }),
      { numRuns: 150 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const accepted = decodeOrReject(decode, bytes);
        if (accepted !== undefined) expect(encode(accepted.value)).toEqual(bytes);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses trailing bytes and any cut', () => {
    fc.assert(
      fc.property(any, fc.nat(), (value, cut) => {
        const bytes = encode(value);
        expect(decodeOrReject(decode, Uint8Array.from([...bytes, 0]))).toBeUndefined();
        expect(decodeOrReject(decode, bytes.slice(0, cut % bytes.length))).toBeUndefined();
      }),
      { numRuns: 30 },
    );
  });
});
