// node make-blocks.mjs FILE BLOCKS TRANSFERS: blocks of transfers between accounts of the genesis, length-prefixed.
import { writeFileSync } from 'node:fs';
import { createExecutionEngine } from '../../dist/execution/create-engine.js';
import { signTransaction } from '../../dist/execution/transactions.js';
import { createMemoryStore } from '../../dist/store/memory.js';
import { attributesAfter, benchGenesis, CHAIN_ID, senders } from './network.mjs';

const [file, blocks, transfers] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const from = senders(transfers);
const store = createMemoryStore();
const engine = await createExecutionEngine({ genesis: benchGenesis(transfers) }, { store });
const parts = [];
for (let block = 0; block < blocks; block++) {
  const raws = from.map((signer, i) =>
    signTransaction(
      {
        chainId: CHAIN_ID,
        nonce: BigInt(block),
        gasLimit: 21_000n,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 10n ** 9n,
        // Half go to new accounts, half to known ones.
        to: i % 2 === 0 ? from[(i + 7 * block + 1) % transfers].address : freshAddress(block, i),
        value: 1_000n + BigInt(i),
        data: new Uint8Array(0),
      },
      signer,
    ),
  );
  const { payload } = await engine.build(attributesAfter(engine.head), raws);
  if (payload.transactionCount !== transfers) throw new Error(`block ${block} holds ${payload.transactionCount} of ${transfers} transfers`);
  await store.write(engine.commit(payload.hash));
  engine.advance(payload.hash);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(payload.bytes.length);
  parts.push(length, payload.bytes);
}
writeFileSync(file, Buffer.concat(parts));

function freshAddress(block, i) {
  const address = new Uint8Array(20).fill(0xaa);
  new DataView(address.buffer).setUint32(4, block);
  new DataView(address.buffer).setUint32(8, i);
  return address;
}
