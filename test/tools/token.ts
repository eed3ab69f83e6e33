import { encodeAbiParameters, type Hex, keccak256, parseEther } from 'viem';
import { alice, carol, keyOf } from '../../src/execution/testing/fixture.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { compileContract } from './compile.ts';

/** What every client does: deploys a token, sends some of it from alice to carol, and reads all there is to read about that. */

export const TOKEN_FILE = new URL('./project/Token.sol', import.meta.url);
export const token = compileContract(TOKEN_FILE, 'Token');

export const ALICE_KEY: Hex = toHex(keyOf(1));
export const ALICE: Hex = toHex(alice.address);
export const CAROL: Hex = toHex(carol.address);
export const SUPPLY = parseEther('1000');
export const SENT = parseEther('42');

/** Where the token keeps an account's balance: an entry of the mapping in slot 0. */
export function balanceSlot(account: Hex): Hex {
  return keccak256(encodeAbiParameters([{ type: 'address' }, { type: 'uint256' }], [account, 0n]));
}
