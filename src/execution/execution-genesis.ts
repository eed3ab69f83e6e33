import type { Genesis } from '../params/genesis.ts';
import { toHex, toQuantity } from '../primitives/bytes.ts';
import { systemContracts } from './system-contracts.ts';

/** Forks by block that lie before a chain's first one (EIP-6122 counts none of them). */
const FORKS_AT_GENESIS = [
  'homesteadBlock',
  'eip150Block',
  'eip155Block',
  'eip158Block',
  'byzantiumBlock',
  'constantinopleBlock',
  'petersburgBlock',
  'istanbulBlock',
  'muirGlacierBlock',
  'berlinBlock',
  'londonBlock',
  'arrowGlacierBlock',
  'grayGlacierBlock',
  'mergeNetsplitBlock',
];

/** The genesis of a network's execution layer in go-ethereum's format, which every execution client reads. Its block hash is ours. */
export function executionGenesis(genesis: Genesis): Record<string, unknown> {
  const alloc: Record<string, object> = {};
  for (const [address, wei] of Object.entries(genesis.alloc)) if (BigInt(wei) > 0n) alloc[address] = { balance: toQuantity(BigInt(wei)) };
  for (const { address, code, storage } of systemContracts(genesis)) {
    const name = toHex(address);
    const slots = Object.fromEntries(storage.map(([slot, value]) => [toHex(slot), toHex(value)]));
    alloc[name] = { balance: '0x0', ...alloc[name], nonce: '0x1', code: toHex(code), storage: slots };
  }
  return {
    config: {
      chainId: genesis.chain_id,
      ...Object.fromEntries(FORKS_AT_GENESIS.map((fork) => [fork, 0])),
      terminalTotalDifficulty: 0,
      terminalTotalDifficultyPassed: true,
      shanghaiTime: 0,
      cancunTime: 0,
      // EIP-4844's own numbers: newer clients want them said.
      blobSchedule: { cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 } },
    },
    nonce: '0x0',
    timestamp: toQuantity(genesis.timestamp),
    extraData: '0x',
    gasLimit: toQuantity(genesis.gas_limit),
    difficulty: '0x0',
    mixHash: toHex(new Uint8Array(32)),
    coinbase: toHex(new Uint8Array(20)),
    baseFeePerGas: toQuantity(BigInt(genesis.base_fee_per_gas)),
    number: '0x0',
    gasUsed: '0x0',
    parentHash: toHex(new Uint8Array(32)),
    alloc,
  };
}
