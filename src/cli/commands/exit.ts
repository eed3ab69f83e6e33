import type { Command } from 'commander';
import { WEI_PER_GWEI } from '../../primitives/units.ts';
import { amountArgument, countArgument } from '../arguments.ts';
import { createClient } from '../client.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { examples, type NodeAddressOptions, nodeUrl, withNodeAddress } from '../options.ts';
import { DEFAULT_TIMEOUT_SECONDS, waitFor } from '../waiting.ts';
import { stakeJson, stakeLines } from './stake.ts';

interface ExitOptions extends NodeAddressOptions {
  readonly amount?: bigint;
  readonly wait: boolean;
  readonly timeout: number;
  readonly json?: boolean;
}

export function registerExit(program: Command, io: Io): void {
  const command = withNodeAddress(program.command('exit'))
    .description('Ask for stake of the node’s own account back. It can be slashed until it is paid, some rounds later.')
    .option('--amount <POL>', 'amount to ask back (default: all that is bonded)', amountArgument)
    .option('--no-wait', 'do not wait for the block that holds the request')
    .option('--timeout <SECONDS>', 'how long to wait for the block', countArgument(1), DEFAULT_TIMEOUT_SECONDS)
    .option('--json', 'print JSON, with amounts in wei')
    .action(async (options: ExitOptions) => {
      const client = createClient({ url: nodeUrl(options) }, io);
      const before = await client.stake(undefined);
      const all = before.bonded - (before.bonded % WEI_PER_GWEI);
      const amount = options.amount ?? all;
      if (amount === 0n) throw cliError('CLI_REFUSED', 'nothing is bonded: there is nothing to ask back');
      if (amount % WEI_PER_GWEI !== 0n) throw cliError('CLI_USAGE', '--amount: stakes are given back in whole gwei, 9 decimals of POL');
      const operation = await client.exit(amount);
      const stake = options.wait
        ? await waitFor(
            async () => {
              const now = await client.stake(undefined);
              return now.unbonding > 0n ? now : undefined;
            },
            { what: `a block with operation ${operation}`, timeoutMs: options.timeout * 1000 },
            io,
          )
        : undefined;
      if (stake === undefined) io.out.write(options.json === true ? `${JSON.stringify({ operation })}\n` : `operation ${operation}\n`);
      else if (options.json === true) io.out.write(`${JSON.stringify({ operation, ...stakeJson(stake) }, undefined, 2)}\n`);
      else io.out.write(`${stakeLines(stake).join('\n')}\n`);
    });
  examples(command, [
    ['pol-node exit', 'all of the stake of the node on this machine'],
    ['pol-node exit --amount 50 --port 8083', 'a part, of another node'],
  ]);
}
