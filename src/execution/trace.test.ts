import { describe, expect, it } from 'vitest';
import { fromHex, toHex, toQuantity } from '../primitives/bytes.ts';
import { keccak256 } from '../primitives/hash.ts';
import { counter, endless, forwarder, initCode, reverter } from './testing/contracts.ts';
import { bob, carol, extend, openChain, readingContext, signed, type TestChain } from './testing/fixture.ts';

const STRUCT = {
  tracer: 'structLogger',
  enableMemory: true,
  disableStack: false,
  disableStorage: false,
  enableReturnData: true,
  limit: 0,
} as const;
const CALLS = { tracer: 'callTracer', onlyTopCall: false, withLog: true } as const;
const SLOT = `0x${'0'.repeat(64)}`;

async function deploy(chain: TestChain, runtime: Uint8Array): Promise<Uint8Array> {
  const nonce = await chain.engine.reader.nonce(bob.address);
  const raw = signed(bob, { nonce, to: undefined, value: 0n, data: initCode(runtime), gasLimit: 1_000_000n });
  await extend(chain, [raw]);
  const address = chain.engine.reader.receipt(keccak256(raw))?.contractAddress;
  if (address === undefined) throw new Error('the contract was not created');
  return address;
}

async function counted() {
  const chain = await openChain();
  const inner = await deploy(chain, counter);
  const outer = await deploy(chain, forwarder(inner));
  const raws = [2n, 3n].map((nonce) => signed(bob, { nonce, to: outer, value: 0n, gasLimit: 200_000n }));
  await extend(chain, raws);
  const [, second] = raws.map((raw) => keccak256(raw));
  if (second === undefined) throw new Error('no second transaction');
  return { chain, reader: chain.engine.reader, inner, outer, second };
}

describe('traces', () => {
  it('show each instruction of a transaction on the state that those before it left', async () => {
    const { reader, second, inner } = await counted();
    const receipt = reader.receipt(second);
    const trace = (await reader.traceTransaction(second, STRUCT)) as {
      gas: number;
      failed: boolean;
      structLogs: { op: string; gas: number; gasCost: number; depth: number; stack: string[]; storage?: Record<string, string> }[];
    };
    expect(trace).toMatchObject({ gas: Number(receipt?.gasUsed), failed: false });
    const load = trace.structLogs.find(({ op }) => op === 'SLOAD');
    expect(load).toMatchObject({ depth: 2, stack: ['0x0'], storage: { [SLOT]: `0x${'1'.padStart(64, '0')}` } });
    expect(trace.structLogs.find(({ op }) => op === 'SSTORE')?.storage).toEqual({ [SLOT]: `0x${'2'.padStart(64, '0')}` });
    // What an instruction takes is what the next one at its depth has less, calls apart.
    const [first, next] = trace.structLogs;
    expect(next?.gas).toBe((first?.gas ?? 0) - (first?.gasCost ?? 0));
    expect((await reader.traceTransaction(second, { ...STRUCT, limit: 3 })) as typeof trace).toMatchObject({
      structLogs: { length: 3 },
    });
    expect(await reader.traceTransaction(second, { tracer: 'noopTracer' })).toEqual({});
    expect(toHex(inner)).toHaveLength(42);
  });

  it('tell the tree of calls, with logs, and who failed', async () => {
    const { chain, reader, second, inner, outer } = await counted();
    const receipt = reader.receipt(second);
    expect(await reader.traceTransaction(second, CALLS)).toMatchObject({
      type: 'CALL',
      from: toHex(bob.address),
      to: toHex(outer),
      gas: toQuantity(200_000),
      gasUsed: toQuantity(receipt?.gasUsed ?? 0n),
      calls: [
        {
          type: 'CALL',
          from: toHex(outer),
          to: toHex(inner),
          output: `0x${'2'.padStart(64, '0')}`,
          logs: [{ address: toHex(inner), topics: [`0x${'2a'.padStart(64, '0')}`], data: `0x${'2'.padStart(64, '0')}`, position: '0x0' }],
        },
      ],
    });
    const failing = await deploy(chain, reverter);
    expect(await reader.traceCall({ to: failing }, CALLS)).toMatchObject({ error: 'execution reverted', revertReason: 'no' });
  });

  it('tell delegate and static calls from others', async () => {
    const chain = await openChain();
    const { reader } = chain.engine;
    const inner = await deploy(chain, counter);
    const calling = (code: string) => fromHex(`0x5f5f5f5f73${toHex(inner).slice(2)}5a${code}00`);
    for (const [code, type] of [
      ['f4', 'DELEGATECALL'],
      ['fa', 'STATICCALL'],
    ] as const) {
      const outer = await deploy(chain, calling(code));
      const trace = (await reader.traceCall({ from: bob.address, to: outer }, CALLS)) as { calls: { value?: string; error?: string }[] };
      expect(trace).toMatchObject({ calls: [{ type, from: toHex(outer), to: toHex(inner) }] });
      expect(trace.calls[0]?.value).toBe(type === 'STATICCALL' ? undefined : '0x0');
      // The counter writes, which a static call may not.
      expect(trace.calls[0]?.error).toBe(type === 'STATICCALL' ? 'write protection' : undefined);
    }
    const destructible = await deploy(chain, fromHex(`0x73${toHex(carol.address).slice(2)}ff`));
    expect(await reader.traceCall({ from: bob.address, to: destructible, value: 5n }, CALLS)).toMatchObject({
      calls: [{ type: 'SELFDESTRUCT', from: toHex(destructible), to: toHex(carol.address), value: '0x5' }],
    });
  });

  it('tell the state before a transaction, and what it changed', async () => {
    const { reader, second, inner, outer } = await counted();
    const options = { tracer: 'prestateTracer', diffMode: false, disableCode: false, disableStorage: false } as const;
    const before = (await reader.traceTransaction(second, options)) as Record<string, { nonce?: number; storage?: object; code?: string }>;
    expect(Object.keys(before)).toEqual(expect.arrayContaining([toHex(bob.address), toHex(outer), toHex(inner)]));
    expect(before[toHex(bob.address)]?.nonce).toBe(3);
    expect(before[toHex(inner)]).toMatchObject({ code: toHex(counter), storage: { [SLOT]: `0x${'1'.padStart(64, '0')}` } });
    const diff = (await reader.traceTransaction(second, { ...options, diffMode: true })) as { pre: typeof before; post: typeof before };
    expect(diff.post[toHex(inner)]).toEqual({ storage: { [SLOT]: `0x${'2'.padStart(64, '0')}` } });
    expect(diff.post[toHex(bob.address)]?.nonce).toBe(4);
    expect(diff.pre[toHex(outer)]).toBeUndefined();
  });

  it('refuse what there is not, and the genesis', async () => {
    const { reader } = (await openChain()).engine;
    await expect(reader.traceBlock(0, CALLS)).rejects.toMatchObject({ code: 'EXECUTION_NOT_TRACEABLE' });
    await expect(reader.traceBlock(7, CALLS)).rejects.toMatchObject({ code: 'EXECUTION_NOT_TRACEABLE' });
    await expect(reader.traceTransaction(new Uint8Array(32), CALLS)).rejects.toMatchObject({ code: 'EXECUTION_NOT_TRACEABLE' });
  });
});

describe('overrides', () => {
  it('pretend code, storage, balance and block for one call', async () => {
    const chain = await openChain();
    const { reader } = chain.engine;
    const word = (n: number) => new Uint8Array(32).fill(0).with(31, n);
    const state = [{ address: carol.address, code: counter, stateDiff: [[word(0), word(41)] as const] }];
    expect((await reader.call({ to: carol.address }, 'latest', { state })).returnData).toEqual(word(42));
    expect((await reader.call({ to: carol.address })).returnData).toHaveLength(0);
    const number = Uint8Array.of(0x43, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3);
    const pretended = { state: [{ address: carol.address, code: number }], block: { number: 77n } };
    expect((await reader.call({ to: carol.address }, 'latest', pretended)).returnData).toEqual(word(77));
  });
});

describe('access lists', () => {
  it('name accounts and slots beyond sender and recipient', async () => {
    const { reader, inner, outer } = await counted();
    const { accessList, failure } = await reader.createAccessList({ from: bob.address, to: outer });
    expect(failure).toBeUndefined();
    expect(accessList.map(({ address, storageKeys }) => [toHex(address), storageKeys.map(toHex)])).toEqual([[toHex(inner), [SLOT]]]);
  });
});

describe('proofs', () => {
  it('begin at the state root, for what is there and what is not', async () => {
    const { chain, reader, inner } = await counted();
    const proof = await reader.proof(inner, [new Uint8Array(32)]);
    expect(keccak256(proof.accountProof[0] ?? new Uint8Array(0))).toEqual(chain.engine.head.stateRoot);
    expect(keccak256(proof.storageProof[0]?.proof[0] ?? new Uint8Array(0))).toEqual(proof.storageRoot);
    expect(proof.storageProof[0]?.value.at(-1)).toBe(2);
    expect(await reader.proof(carol.address, [])).toMatchObject({ balance: 0n, nonce: 0n, storageProof: [] });
  });
});

describe('a hostile call', () => {
  it('gets no memory that it cannot pay', async () => {
    const { reader } = (await openChain()).engine;
    const before = process.memoryUsage().arrayBuffers;
    // REVERT and LOG0 of a thousand million bytes.
    for (const code of ['633b9aca005ffd', '633b9aca005fa0']) {
      expect(await reader.traceCall({ data: fromHex(`0x${code}`) }, CALLS)).toMatchObject({ error: 'out of gas' });
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(500_000_000);
  });

  it('lets others have their turn, and ends', async () => {
    const { createExecutionReader } = await import('./reader.ts');
    const chain = await openChain();
    const loop = await deploy(chain, endless);
    let now = 0;
    let turns = 0;
    const pace = {
      now: () => (now += 6),
      turn: async () => {
        turns++;
      },
    };
    const reader = createExecutionReader(readingContext(), { store: chain.store, head: () => chain.engine.head, pace });
    await expect(reader.call({ to: loop })).rejects.toMatchObject({ code: 'EXECUTION_TIMEOUT', jsonRpc: -32000 });
    expect(turns).toBeGreaterThan(100);
  });
});
