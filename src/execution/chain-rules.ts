import { paramsBlock } from '@ethereumjs/block';
import { Common, ConsensusAlgorithm, ConsensusType, Hardfork } from '@ethereumjs/common';
import { paramsEVM } from '@ethereumjs/evm';
import { paramsTx } from '@ethereumjs/tx';
import { paramsVM } from '@ethereumjs/vm';
import { executionCrypto } from './crypto.ts';

/**
 * Rules from block 0 on: Cancun. It has all this chain uses (EIP-1559, 2930, 3651, 3855, 4788, 4895, 5656, 1153, 6780), and
 * its payload is the Engine API's V3. Prague adds consensus-layer requests of Ethereum's validators, which have no meaning
 * here; its EIP-7702 would let an account's balance move without its own transaction. No fork of this list has a condition:
 * Mainnet's table would apply the DAO's irregular state change at height 1,920,000.
 */
const FORKS = [
  Hardfork.Chainstart,
  Hardfork.Homestead,
  Hardfork.TangerineWhistle,
  Hardfork.SpuriousDragon,
  Hardfork.Byzantium,
  Hardfork.Constantinople,
  Hardfork.Petersburg,
  Hardfork.Istanbul,
  Hardfork.MuirGlacier,
  Hardfork.Berlin,
  Hardfork.London,
  Hardfork.ArrowGlacier,
  Hardfork.GrayGlacier,
  Hardfork.Paris,
  Hardfork.Shanghai,
  Hardfork.Cancun,
];

/** Few chains meet in one process (tests); each is some kilobytes. */
const MAX_KNOWN_CHAINS = 16;
const known = new Map<bigint, Common>();

/** EthereumJS's rule set of a chain: the same object each time, never changed. */
export function chainRules(chainId: bigint): Common {
  let rules = known.get(chainId);
  if (rules === undefined) {
    if (known.size >= MAX_KNOWN_CHAINS) known.clear();
    rules = createRules(chainId);
    known.set(chainId, rules);
  }
  return rules;
}

function createRules(chainId: bigint): Common {
  const rules = new Common({
    chain: {
      name: 'pol',
      chainId: chainId.toString(),
      defaultHardfork: Hardfork.Cancun,
      consensus: { type: ConsensusType.ProofOfStake, algorithm: ConsensusAlgorithm.Casper, casper: {} },
      // Not used: the genesis block is made from genesis.json.
      genesis: { gasLimit: 1, difficulty: 0, nonce: '0x0000000000000000', extraData: '0x' },
      hardforks: FORKS.map((name) =>
        name === Hardfork.Shanghai || name === Hardfork.Cancun ? { name, block: null, timestamp: 0 } : { name, block: 0 },
      ),
      bootstrapNodes: [],
    },
    hardfork: Hardfork.Cancun,
    customCrypto: executionCrypto,
  });
  for (const params of [paramsTx, paramsBlock, paramsEVM, paramsVM]) rules.updateParams(params);
  // Each transaction, header and EVM copies its rules and merges the same tables again: half the time of decoding a transfer.
  rules.updateParams = () => {};
  return rules;
}
