import { createBlockFromRLP } from '@ethereumjs/block';
import { createAccessList2930Tx, createLegacyTx } from '@ethereumjs/tx';
import { runBlock } from '@ethereumjs/vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { createMemoryStore } from '../store/memory.ts';
import { chainRules } from './chain-rules.ts';
import { createMachine, NO_POINT_EVALUATION } from './machine.ts';
import { receiptOf } from './receipts.ts';
import { counter, endless, initCode, reverter, slots } from './testing/contracts.ts';
import {
  alice,
  attributesAfter,
  bob,
  CHAIN_ID,
  carol,
  keyOf,
  makeHead,
  openChain,
  proposer,
  readingContext,
  signed,
} from './testing/fixture.ts';
import { createTrieDatabase, openState } from './trie-database.ts';

const rules = chainRules(BigInt(CHAIN_ID));

/** Creates an account of nothing: sends its balance to the caller and is gone (EIP-6780). */
const vanishing = fromHex('0x33ff');
/** Creates a contract with a slot set, and destroys it in the same transaction. */
const shortLived = initCode(fromHex('0x600160015533ff'));
const contracts = [counter, reverter, slots, endless].map(initCode);

/** The block as EthereumJS alone executes it, on its own state: it throws where a root, the gas or the bloom differs. */
async function byEthereumJs(store: KeyValueStore, stateRoot: Hash, bytes: Uint8Array) {
  const context = { ...readingContext(), precompiles: [NO_POINT_EVALUATION] };
  const block = createBlockFromRLP(bytes, { common: rules });
  const machine = await createMachine(context, openState(rules, createTrieDatabase(store).database, stateRoot));
  const { results } = await runBlock(machine, { block, skipHeaderValidation: true });
  let firstLogIndex = 0;
  return results.map((result, index) => {
    const transaction = block.transactions[index];
    if (transaction === undefined) throw new RangeError('a result without a transaction');
    const receipt = receiptOf(transaction, result, { baseFeePerGas: block.header.baseFeePerGas ?? 0n, firstLogIndex });
    firstLogIndex += receipt.logs.length;
    return receipt;
  });
}

interface Step {
  readonly sender: number;
  readonly kind: 'transfer' | 'create' | 'call' | 'vanish' | 'skip';
  readonly type: 0 | 1 | 2;
  readonly target: number;
  readonly value: bigint;
  readonly extraGas: bigint;
  readonly tip: bigint;
  readonly data: Uint8Array;
  readonly withList: boolean;
}

const steps = fc.array(
  fc.record<Step>({
    sender: fc.nat(2),
    kind: fc.constantFrom('transfer', 'transfer', 'transfer', 'create', 'call', 'call', 'vanish', 'skip'),
    type: fc.constantFrom(0, 1, 2),
    target: fc.nat(15),
    value: fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: 10n ** 18n }), fc.constant(10n ** 30n)),
    extraGas: fc.constantFrom(0n, 1n, 30_000n, 200_000n),
    tip: fc.bigInt({ min: 0n, max: WEI_PER_GWEI }),
    data: fc.oneof(fc.constant(new Uint8Array(0)), fc.constant(new Uint8Array(32)), fc.uint8Array({ maxLength: 40 })),
    withList: fc.boolean(),
  }),
  { minLength: 1, maxLength: 10 },
);
const blocks = fc.array(
  fc.record({ steps, feeRecipient: fc.constantFrom(proposer, alice.address, carol.address), gwei: fc.bigInt(0n, 5n) }),
  {
    minLength: 1,
    maxLength: 4,
  },
);

describe('execution', () => {
  it('leads to the roots and receipts of EthereumJS over random blocks', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, async (history) => {
        const chain = await openChain(createMemoryStore());
        const follower = await openChain(createMemoryStore());
        const { engine, store } = chain;
        const signers = [alice, bob, carol];
        const deployed: Uint8Array[] = [];
        for (const { steps: list, feeRecipient, gwei } of history) {
          const nonces = await Promise.all(signers.map(({ address }) => engine.reader.nonce(address)));
          const raws = list.map((step) => {
            const nonce = nonces[step.sender] ?? 0n;
            nonces[step.sender] = nonce + (step.kind === 'skip' ? 2n : 1n);
            return transactionOf(step, nonce, deployed);
          });
          const withdrawals = [{ index: 1n, address: carol.address, gwei }];
          const attributes = attributesAfter(engine, { feeRecipient, withdrawals });
          const parent = engine.head.stateRoot;
          const { payload } = await engine.build(attributes, raws);
          const theirs = await byEthereumJs(store, parent, payload.bytes);
          expect(await follower.engine.validate(payload.bytes, attributes)).toStrictEqual(payload);
          await makeHead(follower, payload.hash);
          await makeHead(chain, payload.hash);
          const ours = engine.reader.receipts(payload.number) ?? [];
          expect(ours).toMatchObject(theirs);
          expect(ours).toHaveLength(theirs.length);
          deployed.push(...ours.flatMap(({ contractAddress }) => contractAddress ?? []));
        }
      }),
      { numRuns: 40 },
    );
  });
});

function transactionOf(step: Step, nonce: bigint, deployed: readonly Uint8Array[]): Uint8Array {
  const precompile = concatBytes(new Uint8Array(19), Uint8Array.of(step.target));
  const targets = [alice.address, bob.address, carol.address, new Uint8Array(20).fill(7), precompile, precompile, ...deployed];
  const to =
    step.kind === 'create' || step.kind === 'vanish'
      ? undefined
      : step.kind === 'call' && deployed.length > 0
        ? deployed[step.target % deployed.length]
        : targets[step.target % targets.length];
  const code = step.kind === 'vanish' ? (step.target % 2 === 0 ? vanishing : shortLived) : contracts[step.target % contracts.length];
  const data = to === undefined ? (code ?? step.data) : step.data;
  const list = step.withList && step.type > 0 ? [{ address: toHex(carol.address), storageKeys: [toHex(new Uint8Array(32))] }] : [];
  const key = keyOf(step.sender + 1);
  const value = to === undefined ? 0n : step.value;
  const common = { nonce, to: to === undefined ? '0x' : toHex(to), value, data } as const;
  const price = 2n * WEI_PER_GWEI + step.tip;
  const least = to === undefined ? 200_000n : 21_000n + 640n + BigInt(list.length) * 4_300n;
  const gasLimit = least + step.extraGas;
  if (step.type === 2) {
    const signer = [alice, bob, carol][step.sender] ?? alice;
    return signed(signer, { nonce, to, value, data, gasLimit, maxFeePerGas: price, maxPriorityFeePerGas: step.tip });
  }
  return step.type === 0
    ? createLegacyTx({ ...common, gasLimit, gasPrice: price }, { common: rules })
        .sign(key)
        .serialize()
    : createAccessList2930Tx({ ...common, gasLimit, gasPrice: price, chainId: CHAIN_ID, accessList: list }, { common: rules })
        .sign(key)
        .serialize();
}
