import { Address as EthereumAddress } from '@ethereumjs/util';
import { compareBytes, toHex } from '../primitives/bytes.ts';
import { type CallEnvironment, cappedGas, prepareCall } from './calls.ts';
import type { AccessListResult, CallRequest } from './engine.ts';
import { applyMessage } from './message.ts';
import { addressOfWord, touchedBy, wordOf } from './tracers/touched.ts';
import type { AccessListItem } from './transaction-view.ts';

/** A list changes gas, and gas may change what is touched: it settles after few runs or not at all. */
const MAX_RUNS = 16;

/**
 * The accounts and slots that a call touches, as an access list (EIP-2930), and the gas it uses with that list. Sender, recipient
 * and precompiled contracts are warm anyway, and stand in it only for their slots.
 */
export async function createAccessList(environment: CallEnvironment, request: CallRequest): Promise<AccessListResult> {
  let accessList: readonly AccessListItem[] = request.accessList ?? [];
  for (let run = 1; ; run++) {
    const { machine, block, message } = await prepareCall(environment, { ...request, accessList }, cappedGas(request));
    const found = new Map<string, Set<string>>(
      accessList.map(({ address, storageKeys }) => [toHex(address), new Set(storageKeys.map((key) => toHex(key)))]),
    );
    const warm = new Set([message.from.toString(), message.to?.toString(), block.header.coinbase.toString()]);
    for (const precompile of machine.evm.precompiles.keys()) warm.add(`0x${precompile}`);
    machine.evm.events?.on('step', (step) => {
      const { address, slot } = touchedBy(step);
      if (slot !== undefined) slotsOf(found, step.address.toString()).add(toHex(wordOf(slot)));
      if (address !== undefined) {
        const name = new EthereumAddress(addressOfWord(address)).toString();
        if (!warm.has(name)) slotsOf(found, name);
      }
    });
    const outcome = await applyMessage(machine, block, message);
    const next = sorted(found);
    if (run === MAX_RUNS || sameLists(next, accessList)) {
      return { accessList: next, gasUsed: outcome.gasUsed, failure: outcome.failure };
    }
    accessList = next;
  }
}

function slotsOf(found: Map<string, Set<string>>, address: string): Set<string> {
  const slots = found.get(address) ?? new Set();
  found.set(address, slots);
  return slots;
}

function sorted(found: ReadonlyMap<string, ReadonlySet<string>>): readonly AccessListItem[] {
  const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.slice(2), 'hex'));
  return [...found]
    .map(([address, slots]) => ({ address: bytes(address), storageKeys: [...slots].map(bytes).sort(compareBytes) }))
    .sort((a, b) => compareBytes(a.address, b.address));
}

function sameLists(a: readonly AccessListItem[], b: readonly AccessListItem[]): boolean {
  const size = (list: readonly AccessListItem[]) => list.reduce((sum, { storageKeys }) => sum + 1 + storageKeys.length, 0);
  // Each run starts with the list before it: it can only have grown.
  return a.length === b.length && size(a) === size(b);
}
