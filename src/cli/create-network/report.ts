import { quorumOf } from '../../codec/quorum.ts';
import { parameterCount } from '../../model/shape.ts';
import { toHex } from '../../primitives/bytes.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { count, groupDigits, table } from '../text.ts';
import type { CreatedNetwork } from './create-network.ts';
import { GENESIS_FILE } from './plan.ts';

/** What was made, what to do next, and what the number of authorities means. `folder` is how the user names the directory. */
export function creationReport({ genesis, genesisHash, nodes }: CreatedNetwork, folder: string): string[] {
  const at = (file: string) => (folder === '.' ? file : `${folder}/${file}`);
  const { data, model } = genesis;
  return [
    `made a network of ${count(nodes.length, 'node')}: chain ${genesis.chain_id}, genesis ${toHex(genesisHash)}`,
    '',
    `  ${at(GENESIS_FILE)}  a model of ${groupDigits(parameterCount(model))} parameters, learning ${data.source} (${groupDigits(data.tokens)} tokens)`,
    ...table(
      nodes.map((node) => [`  ${at(node.configFile)}`, `port ${node.port}`, `API port ${node.apiPort}`, checksumAddress(node.address)]),
    ),
    `  ${at('keys/')}  encrypted keys and their passwords: whoever has both files has the coins`,
    '',
    'start each node in a terminal of its own:',
    ...nodes.map((node) => `  pol-node run --config-file ${at(node.configFile)}`),
    'or all of them together, with a live view:',
    `  pol-node devnet${folder === '.' ? ' --dir .' : ` --dir ${folder}`}`,
    '',
    toleranceNote(genesis.authorities.length),
  ];
}

/** How many authorities may be away before the chain stops: blocks need 67 % of them. */
export function toleranceNote(authorities: number): string {
  const quorum = quorumOf(authorities);
  const spare = authorities - quorum;
  const fact = `blocks need 67 % of the authorities, here ${quorum} of ${authorities}`;
  if (spare > 0)
    return `note: ${fact}: the chain goes on while ${count(spare, 'authority').replace('authoritys', 'authorities')} ${spare === 1 ? 'is' : 'are'} away`;
  return `note: ${fact}: the chain stops while one is away; four tolerate one (--authorities 4)`;
}
