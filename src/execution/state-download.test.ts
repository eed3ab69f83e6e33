import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../primitives/bytes.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { createMemoryStore } from '../store/memory.ts';
import { Prefix } from '../store/prefixes.ts';
import { createExecutionReader } from './reader.ts';
import { createStateDownload, readStateItem } from './state-download.ts';
import { initCode } from './testing/contracts.ts';
import { alice, extend, openChain, RICH_BALANCE, readingContext, signed, type TestChain } from './testing/fixture.ts';
import { referencesOf, type StateItem } from './trie-nodes.ts';

/** The word given, at the slot of that name. */
const WRITER = initCode(fromHex('0x5f35805500'));
const ACCOUNTS = 60;
const recipient = (n: number) => new Uint8Array(20).fill(n + 1);
const word = (n: number) => new Uint8Array(32).fill(n + 1);

/** A chain with accounts, a contract and its storage. */
const { chain, contract } = await (async () => {
  const made = await openChain();
  let nonce = 0n;
  const deploy = signed(alice, { nonce: nonce++, to: undefined, value: 0n, data: WRITER, gasLimit: 200_000n });
  await extend(made, [deploy]);
  const address = made.engine.reader.receipts(1)?.[0]?.contractAddress;
  if (address === undefined) throw new Error('nothing was deployed');
  const transfers = Array.from({ length: ACCOUNTS }, (_, n) => signed(alice, { nonce: nonce++, to: recipient(n), value: BigInt(n + 1) }));
  const writes = Array.from({ length: 20 }, (_, n) =>
    signed(alice, { nonce: nonce++, to: address, value: 0n, data: word(n), gasLimit: 100_000n }),
  );
  await extend(made, [...transfers, ...writes]);
  return { chain: made, contract: address };
})();
const { stateRoot } = chain.engine.head;

/** Names of all nodes of storage tries. */
const STORAGE_NODES = new Set<string>();
for (const waiting: StateItem[] = [{ kind: 'account', hash: stateRoot }]; waiting.length > 0; ) {
  const item = waiting.pop() as StateItem;
  if (item.kind === 'storage') STORAGE_NODES.add(toHex(item.hash));
  if (item.kind !== 'code') waiting.push(...referencesOf(serve(chain, item), item.kind));
}

function serve(source: TestChain, item: StateItem): Uint8Array {
  const bytes = readStateItem(source.store, item.hash);
  if (bytes === undefined) throw new Error('the source lacks an item');
  return bytes;
}

/** Every account and slot, read from a store that has only the state. */
async function expectWhole(store: KeyValueStore): Promise<void> {
  const { engine, store: original } = chain;
  const blocks = {
    get: (key: Uint8Array) => store.get(key) ?? (key[0] === Prefix.trieNode || key[0] === Prefix.code ? undefined : original.get(key)),
  };
  const reader = createExecutionReader(readingContext(), { store: { ...store, ...blocks }, head: () => engine.head });
  for (let n = 0; n < ACCOUNTS; n++) expect(await reader.balance(recipient(n))).toBe(BigInt(n + 1));
  for (let n = 0; n < 20; n++) expect(await reader.storage(contract, word(n))).toEqual(word(n));
  expect(await reader.code(contract)).toEqual(fromHex('0x5f35805500'));
  expect(await reader.balance(alice.address)).toBeLessThan(RICH_BALANCE);
}

describe('createStateDownload', () => {
  it('brings all of accounts, storage and code, asking for each item once', async () => {
    const store = createMemoryStore();
    const download = createStateDownload(stateRoot, { store });
    const asked = new Set<string>();
    for (let items = download.take(7); items.length > 0; items = download.take(7)) {
      for (const item of items) {
        expect(asked.has(toHex(item.hash))).toBe(false);
        asked.add(toHex(item.hash));
        expect(download.deliver(item, serve(chain, item))).toBe(true);
      }
    }
    expect(download.isFetched).toBe(true);
    expect(download.isComplete).toBe(false);
    await download.flush();
    expect(download.isComplete).toBe(true);
    expect(download.items).toBe(asked.size);
    await expectWhole(store);
  });

  it('knows a wrong byte, and asks for the item again', async () => {
    const download = createStateDownload(stateRoot, { store: createMemoryStore() });
    const [root] = download.take(1);
    if (root === undefined) throw new Error('a state has a root');
    const right = serve(chain, root);
    expect(download.deliver(root, concatBytes(right, Uint8Array.of(0)))).toBe(false);
    expect(download.take(1)).toEqual([]);
    download.giveBack([root]);
    expect(download.take(1)).toEqual([root]);
    expect(download.deliver(root, right)).toBe(true);
    // One that came meanwhile from somebody else is no longer waited for.
    download.giveBack([root]);
    expect(download.take(1)).not.toContainEqual(root);
  });

  it('stopped at any instant, with the disk failing now and then, never leaves a node above a hole, and finishes later', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 2 ** 30 }), { minLength: 40, maxLength: 40 }), async (choices) => {
        const memory = createMemoryStore();
        let broken = false;
        const store: KeyValueStore = {
          ...memory,
          async write(batch) {
            if (broken) throw new Error('disk full');
            await memory.write(batch);
          },
        };
        let turn = 0;
        const choose = (upTo: number) => (choices[turn++ % choices.length] as number) % upTo;
        for (let run = 0; ; run++) {
          const download = createStateDownload(stateRoot, { store });
          const steps = run < 4 ? 1 + choose(20) : Number.POSITIVE_INFINITY;
          for (let step = 0; step < steps && !download.isFetched; step++) {
            const items = download.take(1 + choose(9));
            // In any order, and some do not come.
            const coming = items.filter((_, i) => run >= 4 || (i + choose(5)) % 4 !== 0);
            for (const item of coming.reverse()) download.deliver(item, serve(chain, item));
            download.giveBack(items.filter((item) => !coming.includes(item)));
            broken = run < 4 && choose(3) === 0;
            await download.flush().catch(() => {});
          }
          broken = false;
          for (const { key, value } of memory.range({ from: Uint8Array.of(Prefix.trieNode), to: Uint8Array.of(Prefix.trieNode + 1) })) {
            const references = referencesOf(value, STORAGE_NODES.has(toHex(key.slice(1))) ? 'storage' : 'account');
            for (const { hash } of references) expect(readStateItem(memory, hash)).toBeDefined();
          }
          if (run >= 4) break;
        }
        const whole = createStateDownload(stateRoot, { store: memory });
        expect(whole.isComplete).toBe(true);
      }),
      { numRuns: 10 },
    );
    const store = createMemoryStore();
    const download = createStateDownload(stateRoot, { store });
    for (let items = download.take(100); items.length > 0; items = download.take(100)) {
      for (const item of items) download.deliver(item, serve(chain, item));
    }
    await download.flush();
    await expectWhole(store);
  });
});
