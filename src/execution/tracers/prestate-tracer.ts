import type { EVMResult, InterpreterStep } from '@ethereumjs/evm';
import { Address as EthereumAddress } from '@ethereumjs/util';
import type { VM } from '@ethereumjs/vm';
import { fromHex, toHex, toQuantity } from '../../primitives/bytes.ts';
import { addressOfWord, touchedBy, wordOf } from './touched.ts';
import type { TraceBudget, Tracer, TraceSubject } from './tracer.ts';

interface AccountState {
  readonly balance?: string;
  readonly nonce?: number;
  readonly code?: string;
  readonly storage?: Readonly<Record<string, string>>;
}

type StateReader = Pick<VM['stateManager'], 'getAccount' | 'getCode' | 'getStorage'>;

const ZERO_WORD = toHex(new Uint8Array(32));

/** The accounts and slots that a transaction touched, as they were before it; with `diffMode` what changed, before and after. */
export function createPrestateTracer(
  options: { readonly diffMode: boolean; readonly disableCode: boolean; readonly disableStorage: boolean },
  dependencies: { readonly subject: TraceSubject; readonly budget: TraceBudget },
): Tracer {
  const { subject, budget } = dependencies;
  /** Slots by account, in order of first touch. */
  const touched = new Map<string, Set<string>>();
  const created = new Set<string>();

  function touch(address: string): Set<string> {
    let slots = touched.get(address);
    if (slots === undefined) {
      budget.spend(4);
      slots = new Set();
      touched.set(address, slots);
    }
    return slots;
  }

  async function read(state: StateReader, name: string, slots: ReadonlySet<string>) {
    const address = new EthereumAddress(fromHex(name));
    const account = await state.getAccount(address);
    const code = account === undefined || options.disableCode ? new Uint8Array(0) : await state.getCode(address);
    const storage: Record<string, string> = {};
    for (const slot of options.disableStorage ? [] : slots) {
      const value = account === undefined ? new Uint8Array(0) : await state.getStorage(address, fromHex(slot));
      storage[slot] = toHex(wordOf(value.length === 0 ? 0n : BigInt(toHex(value))));
    }
    return { balance: account?.balance ?? 0n, nonce: Number(account?.nonce ?? 0n), code: toHex(code), storage };
  }

  async function result() {
    const accounts = await Promise.all(
      [...touched].map(async ([name, slots]) => ({ name, before: await read(subject.before, name, slots) })),
    );
    const existed = ({ balance, nonce, code }: (typeof accounts)[number]['before']) => balance > 0n || nonce > 0 || code !== '0x';
    if (!options.diffMode) {
      const shown = accounts.filter(({ name, before }) => !created.has(name) || existed(before));
      return Object.fromEntries(shown.map(({ name, before }) => [name, stateJson(before)]));
    }
    const pre: Record<string, AccountState> = {};
    const post: Record<string, AccountState> = {};
    for (const { name, before } of accounts) {
      const address = new EthereumAddress(fromHex(name));
      const isGone = existed(before) && (await subject.state.getAccount(address)) === undefined;
      const after = await read(subject.state, name, touched.get(name) ?? new Set());
      const storage = Object.keys(before.storage).filter((slot) => before.storage[slot] !== after.storage[slot]);
      const changed = {
        ...(before.balance === after.balance ? {} : { balance: toQuantity(after.balance) }),
        ...(before.nonce === after.nonce ? {} : { nonce: after.nonce }),
        ...(before.code === after.code ? {} : { code: after.code }),
        ...(storage.length === 0 ? {} : { storage: nonZero(storage, after.storage) }),
      };
      if (Object.keys(changed).length === 0) continue;
      if (existed(before)) pre[name] = stateJson({ ...before, storage: nonZero(storage, before.storage) });
      if (!isGone) post[name] = changed;
    }
    return { post, pre };
  }

  for (const address of [subject.from, subject.to, subject.coinbase]) if (address !== undefined) touch(toHex(address));
  return {
    step(step: InterpreterStep) {
      const { address, slot } = touchedBy(step);
      if (address !== undefined) touch(toHex(addressOfWord(address)));
      if (slot === undefined) return;
      const slots = touch(step.address.toString());
      if (!slots.has(toHex(wordOf(slot)))) budget.spend(2);
      slots.add(toHex(wordOf(slot)));
    },
    exit({ createdAddress }: EVMResult) {
      if (createdAddress === undefined) return;
      created.add(createdAddress.toString());
      touch(createdAddress.toString());
    },
    result,
  };
}

function stateJson(account: {
  readonly balance: bigint;
  readonly nonce: number;
  readonly code: string;
  readonly storage: Readonly<Record<string, string>>;
}): AccountState {
  return {
    balance: toQuantity(account.balance),
    ...(account.nonce === 0 ? {} : { nonce: account.nonce }),
    ...(account.code === '0x' ? {} : { code: account.code }),
    ...(Object.keys(account.storage).length === 0 ? {} : { storage: account.storage }),
  };
}

function nonZero(slots: readonly string[], values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(slots.filter((slot) => values[slot] !== ZERO_WORD).map((slot) => [slot, values[slot] ?? ZERO_WORD]));
}
