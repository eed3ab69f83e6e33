import fc from 'fast-check';
import { authoritySetCodec } from '../../src/codec/authority-set.ts';
import { certifiedHeaderCodec, decodeBlock, decodeHeader, encodeBlock, encodeHeader, finalBlockCodec } from '../../src/codec/blocks.ts';
import { decodeCertificate, encodeCertificate } from '../../src/codec/certificate.ts';
import { decodeConsensusMessage, decodeProposal, encodeConsensusMessage, encodeProposal } from '../../src/codec/consensus-messages.ts';
import { openingCodec } from '../../src/codec/opening.ts';
import { decodeOperation, decodeSignedOperation, encodeOperation, encodeSignedOperation } from '../../src/codec/operations.ts';
import { decodeRlp, encodeRlp, type RlpItem } from '../../src/codec/rlp.ts';
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
} from '../../src/codec/testing/arbitraries.ts';
import { decodeConsensusVote, encodeConsensusVote } from '../../src/codec/votes.ts';
import { decodeSparseUpdate, encodeSparseUpdate, quantiseSparse } from '../../src/learning/sparse-update.ts';
import { decodeState, encodeState } from '../../src/learning/state.ts';
import { decodeUpdate, encodeUpdate, quantiseUpdate } from '../../src/learning/update.ts';
import { createFrameDecoder, frameHeader } from '../../src/network/frames.ts';
import { decodeHello, encodeHello } from '../../src/network/hello.ts';
import { concatBytes, equalBytes, toHex } from '../../src/primitives/bytes.ts';
import { isPolError } from '../../src/primitives/errors.ts';
import { decodeProtocolState, decodeSettledRound, encodeProtocolState, encodeSettledRound } from '../../src/protocol/state-codec.ts';
import {
  everyone,
  fraud,
  fraudulent,
  ok,
  only,
  provenRound,
  settledBy,
  testNetwork,
  trainersNamed,
  withTrainers,
} from '../../src/protocol/testing/network.ts';
import * as wire from '../../src/sync/wire.ts';
import type { Decoder, FuzzTarget } from './target.ts';

const SAMPLES = 6;
const PARAMETERS = 300;
const SPARSE = { parameters: PARAMETERS, oneOf: 16 };
const MAX_FRAME_BYTES = 4096;

const sampled = <T>(values: fc.Arbitrary<T>, encode: (value: T) => Uint8Array): readonly Uint8Array[] =>
  fc.sample(values, { numRuns: SAMPLES, seed: 1 }).map(encode);

/** Gives an input to each decoder; refusals are typed, and what is accepted is encoded again. */
function decoding(decoders: readonly Decoder[]): FuzzTarget['run'] {
  return (input) =>
    decoders.flatMap(({ decode, encode }) => {
      try {
        const value = decode(input);
        return encode === undefined ? [] : [encode(value as never)];
      } catch (error) {
        if (isPolError(error)) return [];
        throw error;
      }
    });
}

export function codecTarget(): FuzzTarget {
  return {
    form: 'rlp',
    seeds: [
      ...sampled(anyHeader, encodeHeader),
      ...sampled(anyBlock, encodeBlock),
      ...sampled(anyFinalBlock, finalBlockCodec.encode),
      ...sampled(anyCertificate, encodeCertificate),
      ...sampled(anyMessage, encodeConsensusMessage),
      ...sampled(anyProposal, encodeProposal),
      ...sampled(anyVote, encodeConsensusVote),
      ...sampled(anyOperation, encodeOperation),
      ...sampled(anySignedOperation, encodeSignedOperation),
    ],
    run: decoding([
      { decode: decodeHeader, encode: encodeHeader },
      { decode: decodeBlock, encode: encodeBlock },
      finalBlockCodec,
      certifiedHeaderCodec,
      authoritySetCodec,
      { decode: decodeCertificate, encode: encodeCertificate },
      { decode: decodeConsensusMessage, encode: encodeConsensusMessage },
      { decode: decodeProposal, encode: encodeProposal },
      { decode: decodeConsensusVote, encode: encodeConsensusVote },
      { decode: decodeOperation, encode: encodeOperation },
      { decode: decodeSignedOperation, encode: encodeSignedOperation },
    ]),
  };
}

export function rlpTarget(): FuzzTarget {
  const item: RlpItem = [new Uint8Array(0), Uint8Array.of(5), [new Uint8Array(60).fill(1), [[]]], new Uint8Array(300)];
  return {
    form: 'rlp',
    seeds: [encodeRlp(item), encodeRlp([]), encodeRlp(new Uint8Array(56))],
    run: decoding([{ decode: decodeRlp, encode: encodeRlp }]),
  };
}

export function openingTarget(): FuzzTarget {
  return { form: 'rlp', seeds: sampled(anyOpening, openingCodec.encode), run: decoding([openingCodec]) };
}

export function protocolTarget(): FuzzTarget {
  const network = testNetwork(4);
  const { votable } = provenRound(network, withTrainers(network, trainersNamed(2)));
  const accused = only(fraud, ok(network), 1, 2);
  const { state, settled } = settledBy(network, votable, everyone(network, accused), everyone(network, fraudulent(network)));
  return {
    form: 'rlp',
    seeds: [encodeProtocolState(state), encodeProtocolState(votable), ...(settled === undefined ? [] : [encodeSettledRound(settled)])],
    run: decoding([
      { decode: decodeProtocolState, encode: encodeProtocolState },
      { decode: decodeSettledRound, encode: encodeSettledRound },
    ]),
  };
}

export function syncTarget(): FuzzTarget {
  const hash = new Uint8Array(32).fill(7);
  const [final] = fc.sample(anyFinalBlock, { numRuns: 1, seed: 1 });
  if (final === undefined) throw new Error('one was asked for');
  const header = { header: final.block.header, certificate: final.certificate };
  return {
    form: 'rlp',
    seeds: [
      wire.blocksRequestCodec.encode({ from: 5, count: 3 }),
      wire.blocksResponseCodec.encode([final]),
      wire.headersRequestCodec.encode({ from: 1, count: 1 }),
      wire.headersResponseCodec.encode({ headers: [header], sets: [[]] }),
      wire.protocolStateRequestCodec.encode({ height: 9 }),
      wire.stateRequestCodec.encode([hash, hash]),
      wire.stateResponseCodec.encode([hash, new Uint8Array(0)]),
      wire.blobRequestCodec.encode({ id: hash }),
      wire.modelOutlineCodec.encode({ weights: hash, momentum: hash, weightsChunks: hash, momentumChunks: hash }),
      wire.chunksRequestCodec.encode({ vector: hash, first: 0, count: 2 }),
      wire.openingRequestCodec.encode({ round: 3, trainer: hash.subarray(0, 20), segment: 1 }),
    ],
    run: decoding([
      wire.blocksRequestCodec,
      wire.blocksResponseCodec,
      wire.headersRequestCodec,
      wire.headersResponseCodec,
      wire.protocolStateRequestCodec,
      wire.stateRequestCodec,
      wire.stateResponseCodec,
      wire.blobRequestCodec,
      wire.modelRequestCodec,
      wire.modelOutlineCodec,
      wire.chunksRequestCodec,
      wire.openingRequestCodec,
    ]),
  };
}

export function updateTarget(): FuzzTarget {
  const moved = Float32Array.from({ length: PARAMETERS }, (_, i) => Math.fround(((i * 7919) % 1013) / 1013 - 0.5));
  const carried = { before: new Uint8Array(32), after: new Uint8Array(32).fill(1) };
  const sparse: Decoder = {
    decode: (bytes) => decodeSparseUpdate(bytes, SPARSE),
    encode: (value: ReturnType<typeof decodeSparseUpdate>) => encodeSparseUpdate(SPARSE, value, value.carried),
  };
  const state: Decoder = { decode: (bytes) => decodeState(bytes, PARAMETERS), encode: encodeState };
  return {
    form: 'bytes',
    seeds: [
      encodeUpdate(quantiseUpdate(moved, new Float32Array(PARAMETERS))),
      encodeUpdate(quantiseUpdate(new Float32Array(PARAMETERS), new Float32Array(PARAMETERS))),
      encodeSparseUpdate(SPARSE, quantiseSparse(moved.slice(), SPARSE.oneOf), carried),
      encodeSparseUpdate(SPARSE, quantiseSparse(new Float32Array(PARAMETERS), SPARSE.oneOf), carried),
      encodeState({ weights: moved, firstMoment: moved, secondMoment: moved, step: 5 }),
    ],
    run: decoding([{ decode: (bytes) => decodeUpdate(bytes, PARAMETERS), encode: encodeUpdate }, sparse, state]),
  };
}

/** Frames must not depend on how the stream was cut into chunks, and together with what is left are the stream. */
export function frameTarget(): FuzzTarget {
  function framesOf(input: Uint8Array, chunkBytes: number) {
    const decoder = createFrameDecoder(MAX_FRAME_BYTES);
    const frames: Uint8Array[] = [];
    try {
      for (let at = 0; at < input.length; at += chunkBytes) frames.push(...decoder.push(input.subarray(at, at + chunkBytes)));
    } catch (error) {
      if (isPolError(error)) return undefined;
      throw error;
    }
    return frames;
  }
  return {
    form: 'bytes',
    seeds: [concatBytes(frameHeader(3), Uint8Array.of(1, 2, 3), frameHeader(0), frameHeader(200), new Uint8Array(200))],
    run(input) {
      const whole = framesOf(input, Math.max(1, input.length));
      const pieces = framesOf(input, 1 + ((input[0] ?? 0) % 7));
      if (String(whole?.map(toHex)) !== String(pieces?.map(toHex))) throw new Error('frames depend on how the stream is cut');
      if (whole === undefined) return [];
      const written = concatBytes(...whole.flatMap((frame) => [frameHeader(frame.length), frame]));
      if (!equalBytes(written, input.subarray(0, written.length))) throw new Error('the frames are not the stream');
      return [];
    },
  };
}

/** A hello may be written in several ways, but what was understood must be said again without loss. */
export function helloTarget(): FuzzTarget {
  const hello = {
    version: 1,
    genesisHash: new Uint8Array(32).fill(3),
    nodeId: 'node-1',
    height: 17,
    account: { address: new Uint8Array(20).fill(1), signature: new Uint8Array(65).fill(2) },
    addresses: ['/ip4/127.0.0.1/tcp/8000/ws/p2p/12D3KooWGzBfnKn7sYkSQ9RuoD1mKcBcVvcPCrGHUBgmVRqnVwCR'],
    peers: [],
  };
  const again: Decoder = {
    decode(bytes) {
      const first = encodeHello(decodeHello(bytes));
      if (!equalBytes(encodeHello(decodeHello(first)), first)) throw new Error('a hello changes when it is said again');
    },
  };
  return { form: 'json', seeds: [encodeHello(hello)], run: decoding([again]) };
}
