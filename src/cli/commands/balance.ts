import type { Command } from 'commander';
import { formatPol } from '../../primitives/units.ts';
import { addressArgument } from '../arguments.ts';
import { createClient } from '../client.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { examples, type NodeAddressOptions, nodeUrl, withNodeAddress } from '../options.ts';

export function registerBalance(program: Command, io: Io): void {
  const command = withNodeAddress(program.command('balance'))
    .description('Show the balance of a node’s account, or of any other.')
    .option('--address <ADDRESS>', 'account to look up (default: the node’s own)', addressArgument)
    .option('--json', 'print JSON, with the amount in wei')
    .action(async (options: NodeAddressOptions & { address?: string; json?: boolean }) => {
      const client = createClient({ url: nodeUrl(options) }, io);
      const address = options.address ?? (await client.status()).address;
      if (address === undefined) throw cliError('CLI_REFUSED', 'the node does not tell its address; name an account with --address');
      const wei = await client.balance(address);
      if (options.json === true) io.out.write(`${JSON.stringify({ address, wei: wei.toString(), pol: formatPol(wei) })}\n`);
      else io.out.write(`${formatPol(wei)} POL  ${address}\n`);
    });
  examples(command, [
    ['pol-node balance', 'what the node on this machine has earned'],
    ['pol-node balance --port 8083', 'another node on this machine'],
    ['pol-node balance --address 0x1234567890abcdef1234567890abcdef12345678', 'any account'],
  ]);
}
