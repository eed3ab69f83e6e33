import { encodeDeployData, encodeFunctionData, getContractAddress, parseEther, parseGwei, type TransactionSerializable } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { counter, initCode, reverter } from '../../../src/execution/testing/contracts.ts';
import { CHAIN_ID } from '../../../src/execution/testing/fixture.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import { ALICE, ALICE_KEY, CAROL, SENT, SUPPLY, token } from '../../tools/token.ts';

/** The same short history on both nodes: one transaction a block, of every type that both take. */

const account = privateKeyToAccount(ALICE_KEY);
const fees = { maxFeePerGas: parseGwei('20'), maxPriorityFeePerGas: parseGwei('1'), gas: 1_000_000n };
const created = (nonce: number) => getContractAddress({ from: ALICE, nonce: BigInt(nonce) });

export const TOKEN = created(0);
export const REVERTER = created(5);
export const COUNTER = created(6);
export const transfer = (value: bigint, to = CAROL) => encodeFunctionData({ abi: token.abi, functionName: 'transfer', args: [to, value] });
export const read = (functionName: string, args: readonly unknown[] = []) => encodeFunctionData({ abi: token.abi, functionName, args });

const HISTORY: readonly Omit<TransactionSerializable, 'nonce' | 'chainId'>[] = [
  { type: 'eip1559', data: encodeDeployData({ ...token, args: [SUPPLY] }), ...fees },
  { type: 'eip1559', to: TOKEN, data: transfer(SENT), ...fees },
  { type: 'legacy', to: CAROL, value: parseEther('1'), gas: 21_000n, gasPrice: parseGwei('10') },
  {
    type: 'eip2930',
    to: TOKEN,
    data: transfer(1n),
    gas: 100_000n,
    gasPrice: parseGwei('10'),
    accessList: [{ address: TOKEN, storageKeys: [] }],
  },
  // Fails: carol’s allowance of alice is nothing.
  { type: 'eip1559', to: TOKEN, data: read('transferFrom', [CAROL, ALICE, 1n]), ...fees },
  { type: 'eip1559', data: toHex(initCode(reverter)), ...fees },
  { type: 'eip1559', data: toHex(initCode(counter)), ...fees },
  { type: 'eip1559', to: COUNTER, ...fees },
] as never;

export const signed = (nonce: number, transaction: object) =>
  account.signTransaction({ chainId: CHAIN_ID, nonce, ...transaction } as TransactionSerializable);

/** Raw transactions, each for a block of its own. */
export function history(): Promise<readonly `0x${string}`[]> {
  return Promise.all(HISTORY.map((transaction, nonce) => signed(nonce, transaction)));
}
export const NEXT_NONCE = HISTORY.length;
