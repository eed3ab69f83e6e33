import { describe, expect, it } from 'vitest';
import { ADDRESSES, authority, CONTEXT, finalise, named, openNode, signed, type TestNode } from '../chain/testing/network.ts';
import { authoritySetHash } from '../codec/authority-set.ts';
import { headerHash } from '../codec/blocks.ts';
import type { AuthorityChange, Block, CertifiedHeader, FinalBlock, Header } from '../codec/types.ts';
import { signerOf } from '../execution/testing/fixture.ts';
import { compareBytes, equalBytes } from '../primitives/bytes.ts';
import type { Address, Signer } from '../primitives/keys.ts';
import { silentLogger } from '../primitives/log.ts';
import { createMemoryBlobStore } from '../store/memory-blobs.ts';
import { syncHeaders } from './header-sync.ts';
import { beginAtPinned } from './pinned-header.ts';
import { serveSync } from './serve.ts';
import { createHurriedClock } from './testing/clock.ts';
import { fakePeers, fakeServer } from './testing/network.ts';
import { type HeadersResponse, headersRequestCodec, headersResponseCodec } from './wire.ts';

const NEW_MEMBERS = [41, 42, 43, 44].map(signerOf);
const SIGNERS = [...[0, 1, 2].map((i) => authority(i).signer), ...NEW_MEMBERS];
const never = new AbortController().signal;
/** Two ranges of headers: the set changes within the first one, and differs from the genesis's at the start of the second. */
const HEIGHT = 300;

const signersOf = (set: readonly Address[]): readonly Signer[] =>
  SIGNERS.filter(({ address }) => set.some((each) => equalBytes(each, address))).sort((a, b) => compareBytes(a.address, b.address));

/** The block as those finalise it who must. */
function finaliseNext(node: TestNode, block: Block): FinalBlock {
  return finalise(block, signersOf(node.chain.state.authorities.map(({ address }) => address)));
}

/** A chain on which four authorities join the three, and two of these leave, one change after the other. */
const source = await (async () => {
  const node = await openNode();
  const add = ({ address }: Signer): AuthorityChange => ({
    kind: 'add',
    candidate: address,
    tip: named('tip', 1),
    secretTip: named('tip', 2),
  });
  const wanted: AuthorityChange[] = [
    ...NEW_MEMBERS.map(add),
    ...[1, 2].map((i): AuthorityChange => ({ kind: 'remove', candidate: authority(i).signer.address })),
  ];
  let change = wanted.shift();
  while (node.chain.height < HEIGHT) {
    const { state } = node.chain;
    const members = state.authorities.map(({ address }) => address);
    const isIn = change !== undefined && members.some((each) => equalBytes(each, (change as AuthorityChange).candidate));
    if (change !== undefined && isIn === (change.kind === 'add')) change = wanted.shift();
    if (change !== undefined && state.scheduledChanges.length === 0) {
      for (const signer of signersOf(members)) {
        node.operations.add(
          signed({ type: 'authority_vote', authority: signer.address, round: state.open.number, change }, signer) as never,
        );
      }
    }
    await node.chain.commit(finaliseNext(node, await node.chain.build()));
  }
  return node;
})();

type Answer = (bytes: Uint8Array) => Promise<Uint8Array>;

const honest: Answer = (() => {
  const { server, ask } = fakeServer();
  serveSync({
    network: server,
    headers: source.headers,
    finalBlock: () => undefined,
    protocolState: () => undefined,
    store: source.store,
    blobs: createMemoryBlobStore(),
    learning: { heldModels: async () => [], heldStarts: async () => [] },
    openings: { opening: async () => undefined },
    genesisDocument: new Uint8Array(0),
  });
  return (bytes) => ask('headers', bytes);
})();

/** Somebody who knows the genesis alone asks these peers for headers. */
async function newcomer(answers: Readonly<Record<string, Answer>>) {
  const { store, headers } = await openNode(1);
  const { world, network } = fakePeers(
    Object.entries(answers).map(([id, answer]) => ({ id, height: HEIGHT, answer: (_: unknown, bytes: Uint8Array) => answer(bytes) })),
  );
  const dependencies = { network, clock: createHurriedClock(), log: silentLogger, store, headers, genesisHash: CONTEXT.genesisHash };
  await syncHeaders(dependencies, never);
  return { headers, penalised: [...new Set(world.penalised)] };
}

/** A peer that answers with other headers, or with other sets beside them. */
function liar(change: (response: HeadersResponse, from: number) => HeadersResponse): Answer {
  return async (bytes) => {
    const answer = await honest(bytes);
    if (answer.length === 0) return answer;
    return headersResponseCodec.encode(change(headersResponseCodec.decode(answer), headersRequestCodec.decode(bytes).from));
  };
}

const resigned = (header: Header, signers: readonly Signer[]): CertifiedHeader => {
  const block = { header, operations: [], boundary: undefined, execution: new Uint8Array(0) };
  return { header, certificate: finalise(block, signers).certificate };
};

describe('syncHeaders over changes of the authority set', () => {
  const members = source.chain.state.authorities.map(({ address }) => address);

  it('had a set to follow: two of the first three are gone, and a quorum of the first set signs nothing any more', () => {
    expect(members).toHaveLength(5);
    expect(members.some((each) => equalBytes(each, authority(1).signer.address))).toBe(false);
  });

  it('follows them from the genesis on, by headers alone', async () => {
    const { headers, penalised } = await newcomer({ a: honest, b: honest });
    expect(penalised).toEqual([]);
    expect(headers.top()).toBe(HEIGHT);
    expect(headerHash(headers.get(HEIGHT)?.header as Header)).toEqual(source.chain.headHash);
    expect(headers.deciding(1)).toHaveLength(3);
    expect(headers.deciding(HEIGHT + 1)).toEqual(members);
  });

  const own = [51, 52, 53].map(signerOf).sort((a, b) => compareBytes(a.address, b.address));
  const ownSet = own.map(({ address }) => address);
  const old = [0, 1, 2].map((i) => authority(i).signer).sort((a, b) => compareBytes(a.address, b.address));

  it.each<[string, Answer]>([
    [
      'a set of its own at a change',
      liar(({ headers, sets }) => ({ headers, sets: sets.map((set, i) => (i === sets.length - 1 ? ownSet : set)) })),
    ],
    ['no set where one changes', liar(({ headers, sets }) => ({ headers, sets: sets.slice(0, 1) }))],
    ['one set too many', liar(({ headers, sets }) => ({ headers, sets: [...sets, ownSet] }))],
    ['no set at all', liar(({ headers }) => ({ headers, sets: [] }))],
    [
      'a whole range signed by a set of its own',
      liar(({ headers }) => ({
        headers: follow(headers, (header) => ({ ...header, nextAuthorities: authoritySetHash(ownSet) }), own),
        sets: [ownSet],
      })),
    ],
    [
      'a history after the change by those who left, who sign as if they still decided',
      liar(({ headers, sets }, from) =>
        from === 1
          ? { headers, sets }
          : {
              headers: follow(headers, (header) => ({ ...header, nextAuthorities: authoritySetHash(ADDRESSES) }), old),
              sets: [old.map(({ address }) => address)],
            },
      ),
    ],
  ])('takes nothing beyond what is proven from a peer with %s', async (_what, answer) => {
    const alone = await newcomer({ liar: answer });
    expect(alone.penalised).toEqual(['liar']);
    expect(alone.headers.top()).toBeLessThan(HEIGHT);
    const helped = await newcomer({ liar: answer, honest });
    expect(['', 'liar']).toContain(helped.penalised.join());
    expect(headerHash(helped.headers.get(HEIGHT)?.header as Header)).toEqual(source.chain.headHash);
  });
});

describe('beginAtPinned', () => {
  async function pin(
    height: number,
    answers: Readonly<Record<string, Answer>>,
    hash = headerHash(source.headers.get(height)?.header as Header),
  ) {
    const { store, headers } = await openNode(1);
    const { world, network } = fakePeers(
      Object.entries(answers).map(([id, answer]) => ({ id, height: HEIGHT, answer: (_: unknown, bytes: Uint8Array) => answer(bytes) })),
    );
    const dependencies = { network, clock: createHurriedClock(), log: silentLogger, store, headers, genesisHash: CONTEXT.genesisHash };
    const began = await beginAtPinned({ height, hash }, dependencies, never);
    if (began) await syncHeaders(dependencies, never);
    return { began, headers, penalised: [...new Set(world.penalised)] };
  }

  it('goes on from a header that is vouched for, after changes of the set, without those before it', async () => {
    const { began, headers, penalised } = await pin(200, { a: honest });
    expect([began, penalised, headers.top()]).toEqual([true, [], HEIGHT]);
    expect(headers.get(199)).toBeUndefined();
    expect(headerHash(headers.get(HEIGHT)?.header as Header)).toEqual(source.chain.headHash);
  });

  it('takes no other header, and no other set than the one it names', async () => {
    expect(await pin(200, { a: honest }, named('no header', 1))).toMatchObject({ began: false, penalised: ['a'] });
    const forger = liar(({ headers }) => ({ headers, sets: [ADDRESSES] }));
    expect(await pin(200, { forger })).toMatchObject({ began: false, penalised: ['forger'] });
    expect(await pin(200, { forger, honest })).toMatchObject({ began: true });
  });
});

/** Headers changed and signed anew, each following the one before it. */
function follow(headers: readonly CertifiedHeader[], change: (header: Header) => Header, signers: readonly Signer[]): CertifiedHeader[] {
  const forged: CertifiedHeader[] = [];
  for (const { header } of headers) {
    const before = forged.at(-1);
    const parentHash = before === undefined ? header.parentHash : headerHash(before.header);
    forged.push(resigned(change({ ...header, parentHash }), signers));
  }
  return forged;
}
