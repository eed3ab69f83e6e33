import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openingCodec } from '../../src/codec/opening.ts';
import { encodeSignedOperation, signOperation } from '../../src/codec/operations.ts';
import type { Operation, SignedOperation } from '../../src/codec/types.ts';
import { signTransaction } from '../../src/execution/transactions.ts';
import { leavesRoot, openSegment } from '../../src/learning/leaves.ts';
import { createUpdateFormat } from '../../src/learning/update-format.ts';
import { parameterLayout } from '../../src/model/layout.ts';
import { createNetwork, type NodeNetwork } from '../../src/network/create-network.ts';
import { generatePeerKey } from '../../src/network/peer-key.ts';
import { encodeBatch } from '../../src/node/transaction-batches.ts';
import { type Genesis, genesisHash, parseGenesis } from '../../src/params/genesis.ts';
import { concatBytes, equalBytes, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { type Hash, sha256 } from '../../src/primitives/hash.ts';
import { checksumAddress, generatePrivateKey, type Signer, signerFromPrivateKey } from '../../src/primitives/keys.ts';
import { silentLogger } from '../../src/primitives/log.ts';
import { WEI_PER_GWEI } from '../../src/primitives/units.ts';
import { decodeProtocolState } from '../../src/protocol/state-codec.ts';
import type { OpenRound } from '../../src/protocol/types.ts';
import { blobRequestCodec, openingRequestCodec, protocolStateRequestCodec } from '../../src/sync/wire.ts';
import { createTestNetwork, runProgram, type TestNetwork, type TestNode, until } from './network.ts';

/**
 * Trainers that know the protocol and send what breaks it, over real connections to real processes; one network and mostly one round
 * for all of them. None trains: what they claim would be found out anyway, so that the question is what their bytes do to others.
 */

const SALT_BYTES = 8;
const MESSAGES_AT_ONCE = 10;
/** Transactions in one message. */
const UNFUNDED = 500;
/** Order of secp256k1 (SEC 2). */
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

interface Round {
  readonly proofs: readonly { readonly trainer: string; readonly outcome: string; readonly decision: string }[];
  readonly slashes: readonly { readonly address: string }[];
}

interface Answering {
  readonly update: Uint8Array;
  /** What is sent for the update instead of it. */
  readonly sent?: (update: Uint8Array) => Uint8Array;
  readonly opening?: (honest: Uint8Array) => Promise<Uint8Array> | Uint8Array;
  /** Whether a peer is answered at all, by the order in which peers asked. */
  readonly answers?: (place: number) => boolean;
}

describe('trainers that send wrong bytes', () => {
  let network: TestNetwork;
  let genesis: Genesis;
  let hash: Hash;
  let observer: TestNode;
  /** Says nothing wrong, so that it is answered to the end. */
  let watcher: Liar;
  const liars: Liar[] = [];

  /** A peer with a key of its own, which says what a test wants. */
  interface Liar {
    readonly name: string;
    readonly signer: Signer;
    readonly net: NodeNetwork;
    readonly stateRoots: readonly Hash[];
    say(signed: SignedOperation): Promise<number>;
    behave(answering: Answering, round: number): void;
  }

  async function createLiar(name: string): Promise<Liar> {
    const signer = signerFromPrivateKey(generatePrivateKey());
    const net = createNetwork(
      {
        host: '127.0.0.1',
        port: 0,
        bootNodes: network.nodes.map(({ config }) => `127.0.0.1:${config.port}`),
        genesisHash: hash,
        nodeId: `liar_${liars.length}`,
        peerKey: generatePeerKey(),
        account: signer,
        height: () => 0,
      },
      { log: silentLogger },
    );
    // It passes nothing on: what another liar said would be taken for its own.
    for (const topic of ['operations', 'transactions', 'consensus'] as const) net.subscribe(topic, async () => 'ignore');
    let answering: Answering | undefined;
    let scope = { chainId: genesis.chain_id, genesisHash: hash, round: 0, trainer: signer.address };
    const stateRoots = [0, 1].map((i) => sha256(utf8(`${name} state ${i}`)));
    const askers: string[] = [];
    const isAnswered = (from: string) => {
      if (!askers.includes(from)) askers.push(from);
      return answering?.answers?.(askers.indexOf(from)) ?? true;
    };
    net.handle('blob', async (bytes, from) => {
      const { id } = blobRequestCodec.decode(bytes);
      if (answering === undefined || !equalBytes(id, sha256(answering.update)) || !isAnswered(from)) return new Uint8Array(0);
      return answering.sent?.(answering.update) ?? answering.update;
    });
    net.handle('opening', async (bytes, from) => {
      const { round, trainer, segment } = openingRequestCodec.decode(bytes);
      if (round !== scope.round || !equalBytes(trainer, signer.address) || !isAnswered(from)) return new Uint8Array(0);
      const opening = openSegment(scope, stateRoots, segment);
      if (opening === undefined) return new Uint8Array(0);
      const honest = openingCodec.encode(opening);
      return answering?.opening?.(honest) ?? honest;
    });
    await net.start();
    const liar: Liar = {
      name,
      signer,
      net,
      stateRoots,
      say: (signed) => net.publish('operations', concatBytes(randomBytes(SALT_BYTES), encodeSignedOperation(signed))),
      behave(wanted, round) {
        answering = wanted;
        scope = { ...scope, round };
      },
    };
    return liar;
  }

  /** They would be neighbours of the next ones, and pass nothing on. */
  const stopLiars = async () => void (await Promise.all(liars.splice(0).map(({ net }) => net.stop())));
  const sign = (operation: Operation, { signer }: Liar) => signOperation(operation, hash, signer);

  /** Whether the observer has it as a peer. */
  const isHeard = async ({ net }: Liar) =>
    (await observer.get<{ peers: readonly { id: string }[] }>('/api/v1/peers')).peers.some(({ id }) => id === net.peerId);

  async function openRound(): Promise<OpenRound> {
    const { height } = await observer.get<{ height: number }>('/api/v1/status');
    const peer = watcher.net.peers().find(({ nodeId }) => nodeId === observer.name);
    const bytes = await watcher.net.request(peer?.id ?? '', 'protocol-state', protocolStateRequestCodec.encode({ height }), {
      maxBytes: 8_000_000,
      timeoutMs: 20_000,
    });
    return decodeProtocolState(bytes).open;
  }

  beforeAll(async () => {
    network = await createTestNetwork({ authorities: 3, nodes: 1 });
    genesis = parseGenesis(network.genesis);
    hash = genesisHash(genesis);
    observer = network.node('authority_1');
    await Promise.all(network.nodes.map((node) => node.start()));
    watcher = await createLiar('watcher');
  }, 300_000);
  afterAll(async () => {
    await stopLiars();
    await watcher?.net.stop();
    await network?.dispose();
  });

  it('gain nothing, keep nobody from being paid, and stop no block', async () => {
    const parameters = parameterLayout(genesis.model).count;
    const format = createUpdateFormat(genesis.learning, parameters);
    const zeros = new Float32Array(parameters);
    const end = { weights: zeros, firstMoment: zeros, secondMoment: zeros, step: 1 };
    /** A well-formed update of its own for each, so that nobody serves another's. */
    const updateOf = (i: number) => format.make(new Float32Array(parameters).fill((i + 1) / 1024), end).bytes;
    const zero = format.make(zeros, end).bytes;
    const withScale = (bits: number) => {
      const bytes = zero.slice();
      new DataView(bytes.buffer).setUint32(16, bits, true);
      return bytes;
    };
    const flipped = (bytes: Uint8Array) => bytes.map((byte, i) => (i === bytes.length - 40 ? byte ^ 1 : byte));
    const cast: Readonly<Record<string, (i: number) => Answering>> = {
      // Never sealed: the hash is that of what is sent, and what is sent is no update.
      'NaN scale': () => ({ update: withScale(0x7fc00000) }),
      'infinite scale': () => ({ update: withScale(0x7f800000) }),
      'negative zero': () => ({ update: withScale(0x80000000) }),
      'denormal scale': () => ({ update: withScale(0x00000001) }),
      'truncated update': () => ({ update: zero.slice(0, -1) }),
      'overlong update': () => ({ update: concatBytes(zero, new Uint8Array(1)) }),
      // Never sealed: other bytes than the hash promised.
      'cut on the way': (i) => ({ update: updateOf(i), sent: (update) => update.slice(0, -7) }),
      'changed on the way': (i) => ({ update: updateOf(i), sent: flipped }),
      // Sealed at most, and then not opened as it must be. What one authority was given, the others have from that one.
      'one authority only': (i) => ({ update: updateOf(i), answers: (place) => place === 0 }),
      'wrong Merkle paths': (i) => ({ update: updateOf(i), opening: flipped }),
      'truncated opening': (i) => ({ update: updateOf(i), opening: (honest) => honest.slice(0, -3) }),
      'slow loris': (i) => ({ update: updateOf(i), opening: () => new Promise<Uint8Array>(() => {}) }),
      // Sealed and opened, and found out by re-execution: there was no training.
      'made-up states': (i) => ({ update: updateOf(i) }),
    };
    const names = Object.keys(cast);
    for (const name of names) liars.push(await createLiar(name));
    await until('all to be connected', async () => liars.every(({ net }) => net.peers().length >= 3));

    let open = await openRound();
    await until('all to have a place', async () => {
      open = await openRound();
      const missing = liars.filter(({ signer }) => !open.roster.some((each) => equalBytes(each, signer.address)));
      for (const liar of missing) await liar.say(sign({ type: 'join', trainer: liar.signer.address, round: open.number }, liar));
      // With time left for the proofs to be in a block.
      const { height } = await observer.get<{ height: number }>('/api/v1/status');
      return missing.length === 0 && height < open.sealsAt - 6;
    });

    const round = open.number;
    const tokens = genesis.rounds.steps_per_segment * genesis.learning.batch_size * genesis.model.context_length;
    const proofs = liars.map((liar, i) => {
      const answering = (cast[liar.name] as (i: number) => Answering)(i);
      liar.behave(answering, round);
      const scope = { chainId: genesis.chain_id, genesisHash: hash, round, trainer: liar.signer.address };
      const commitment = {
        leavesRoot: leavesRoot(scope, liar.stateRoots),
        updateHash: sha256(answering.update),
        updateBytes: answering.update.length,
      };
      return {
        liar,
        signed: sign({ type: 'proof', trainer: liar.signer.address, round, segments: 1, tokens, ...commitment, loss: 3 }, liar),
      };
    });
    await until('all proofs to be in blocks', async () => {
      open = await openRound();
      const missing = proofs.filter(({ liar }) => !open.proofs.some(({ trainer }) => equalBytes(trainer, liar.signer.address)));
      if (open.number !== round) throw new Error(`round ${round} ended without the proofs of ${missing.length} liars`);
      for (const { liar, signed } of missing) await liar.say(signed);
      return missing.length === 0;
    });
    await until(
      'the round to be settled',
      async () => (await observer.get<{ settled_round: number }>('/api/v1/network/info')).settled_round >= round,
    );

    const { proofs: sealed, slashes } = await observer.get<Round>(`/api/v1/rounds/${round}`);
    const fate = (liar: Liar) => sealed.find(({ trainer }) => trainer === checksumAddress(liar.signer.address))?.decision ?? 'not sealed';
    const fates = Object.fromEntries(liars.map((liar) => [liar.name, fate(liar)]));
    const sealable = names.indexOf('one authority only');
    for (const name of names.slice(0, sealable)) expect([name, fates[name]]).toEqual([name, 'not sealed']);
    for (const name of names.slice(sealable)) expect([name, fates[name]]).not.toEqual([name, 'accepted']);
    expect(Object.values(fates).some((each) => each !== 'not sealed')).toBe(true);
    // Only they can have lost anything.
    const own: readonly string[] = liars.map(({ signer }) => checksumAddress(signer.address));
    expect(slashes.every(({ address }) => own.includes(address))).toBe(true);

    const { address: honest } = await network.node('node_3').get<{ address: string }>('/api/v1/status');
    await until('the honest trainer to be paid for that round or one of the next', async () => {
      const { settled_round } = await observer.get<{ settled_round: number }>('/api/v1/network/info');
      for (let later = round; later <= settled_round; later++) {
        const settled = await observer.get<Round>(`/api/v1/rounds/${later}`);
        if (settled.proofs.some(({ trainer, outcome }) => trainer === honest && outcome === 'accepted')) return true;
      }
      return false;
    });
  }, 600_000);

  it('are cut off for signatures and encodings that are not the canonical ones', async () => {
    await stopLiars();
    // Of the open round: what is stale is ignored before anybody looks at its signature.
    const cases: Readonly<Record<string, (join: SignedOperation, liar: Liar) => Uint8Array>> = {
      'high s': (join) => encodeSignedOperation(withHighS(join)),
      'a leading zero': (join) => withLeadingZero(encodeSignedOperation(join)),
      'a long length': (join) => withLongLength(encodeSignedOperation(join)),
      'bytes behind the end': (join) => concatBytes(encodeSignedOperation(join), Uint8Array.of(0)),
      'another network’s signature': ({ operation }, { signer }) =>
        encodeSignedOperation(signOperation(operation, sha256(utf8('another network')), signer)),
    };
    for (const [name, bytesOf] of Object.entries(cases)) {
      const liar = await createLiar(name);
      liars.push(liar);
      await until(`"${name}" to be connected`, () => isHeard(liar));
      await until(`"${name}" to be cut off`, async () => {
        const { number } = await openRound();
        const join = sign({ type: 'join', trainer: liar.signer.address, round: number }, liar);
        await liar.net.publish('operations', concatBytes(randomBytes(SALT_BYTES), bytesOf(join, liar)));
        return !(await isHeard(liar));
      });
      expect((await openRound()).roster.some((each) => equalBytes(each, liar.signer.address))).toBe(false);
      await stopLiars();
    }
  }, 300_000);

  it('fill no pool with transactions that nobody can pay, and are cut off', async () => {
    const flooder = await createLiar('unfunded');
    liars.push(flooder);
    await until('the flooder to be connected', () => isHeard(flooder));
    const fields = { chainId: genesis.chain_id, gasLimit: 21_000n, maxFeePerGas: 100n * WEI_PER_GWEI, maxPriorityFeePerGas: WEI_PER_GWEI };
    const raws = Array.from({ length: UNFUNDED }, (_, i) =>
      signTransaction({ ...fields, nonce: BigInt(i), to: flooder.signer.address, value: 1n, data: new Uint8Array(0) }, flooder.signer),
    );
    const batch = encodeBatch(raws);
    const { height } = await observer.get<{ height: number }>('/api/v1/status');
    await until('the flooder to be cut off', async () => {
      for (let i = 0; i < MESSAGES_AT_ONCE; i++) await flooder.net.publish('transactions', concatBytes(randomBytes(SALT_BYTES), batch));
      return !(await isHeard(flooder));
    });
    expect(await observer.rpc('txpool_status')).toEqual({ pending: '0x0', queued: '0x0' });
    // Who can pay is in a block meanwhile.
    const sent = await runProgram(['send', '--to', toHex(flooder.signer.address), '--amount', '0.001', '--url', observer.url]);
    expect(sent).toContain('(final)');
    expect((await observer.get<{ height: number }>('/api/v1/status')).height).toBeGreaterThan(height);
  }, 300_000);
});

/** The other signature over the same digest: valid for ECDSA, and refused (EIP-2). */
function withHighS({ operation, signature }: SignedOperation): SignedOperation {
  const s = BigInt(toHex(signature.subarray(32, 64)));
  const high = (CURVE_ORDER - s).toString(16).padStart(64, '0');
  const other = concatBytes(signature.subarray(0, 32), Buffer.from(high, 'hex'), Uint8Array.of((signature[64] as number) ^ 1));
  return { operation, signature: other };
}

/** RLP([RLP([tag, address, round]), signature]) with the tag, one byte, written as a string of two. */
function withLeadingZero(bytes: Uint8Array): Uint8Array {
  const inner = 2;
  const changed = concatBytes(bytes.subarray(0, inner), Uint8Array.of((bytes[inner] as number) + 2, 0x82, 0), bytes.subarray(inner + 1));
  changed[1] = (changed[1] as number) + 2;
  return changed;
}

/** The outer list's length in two bytes where one is enough. */
function withLongLength(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0xf9, 0), bytes.subarray(1));
}
