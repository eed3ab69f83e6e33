// The chain that the benches of transfers use, and who pays.
import { createHash } from 'node:crypto';
import { createGenesis } from '../../dist/params/network-defaults.js';
import { toHex } from '../../dist/primitives/bytes.js';
import { signerFromPrivateKey } from '../../dist/primitives/keys.js';

export const GENESIS_TIME = 1_700_000_000;
export const CHAIN_ID = 5_263_180;
const ZERO = `0x${'00'.repeat(32)}`;

/** A key by number: the same in every process. */
export const keyOf = (number) => new Uint8Array(createHash('sha256').update(`bench ${number}`).digest());
export const senders = (count) => Array.from({ length: count }, (_, i) => signerFromPrivateKey(keyOf(i)));

/** A genesis that gives each of the first `count` keys 1,000 coins. Its learning part is not used. */
export function benchGenesis(count) {
  const alloc = Object.fromEntries(senders(count).map(({ address }) => [toHex(address), 1_000n * 10n ** 18n]));
  return createGenesis(
    {
      name: 'bench',
      timestamp: GENESIS_TIME,
      chainId: CHAIN_ID,
      authorities: [{ address: toHex(senders(1)[0].address), onion_tip: ZERO, secret_onion_tip: ZERO }],
      data: { source: 'file:none', root: ZERO, tokens: 1_000, held_out_tokens: 10 },
      alloc,
    },
    (length) => new Uint8Array(length),
  );
}

/** What consensus would ask of the block after `head`. */
export const attributesAfter = (head) => ({
  timestamp: head.timestamp + 1,
  prevRandao: new Uint8Array(32).fill(1),
  feeRecipient: new Uint8Array(20).fill(9),
  withdrawals: [],
  parentBeaconBlockRoot: new Uint8Array(32).fill(2),
});
