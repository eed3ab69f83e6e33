import { signTransaction } from '../../dist/execution/transactions.js';

/** `count` transfers of each signer, as hexadecimal text: all of one nonce, then all of the next. */
export function signTransfers({ signers, chainId, first = 0, count }) {
  const raws = [];
  for (let nonce = first; nonce < first + count; nonce++) {
    for (const [i, signer] of signers.entries()) {
      const raw = signTransaction(
        {
          chainId,
          nonce: BigInt(nonce),
          gasLimit: 21_000n,
          maxFeePerGas: 10n ** 12n,
          maxPriorityFeePerGas: 10n ** 9n,
          to: signers[(i + 1) % signers.length].address,
          value: 1n,
          data: new Uint8Array(0),
        },
        signer,
      );
      raws.push({ sender: i, hex: `0x${Buffer.from(raw).toString('hex')}` });
    }
  }
  return raws;
}

/** Runs `task` for each item, at most `width` at a time. */
export async function inParallel(items, width, task) {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) await task(item);
    }),
  );
}
