import type { Command } from 'commander';
import { formatPol } from '../../primitives/units.ts';
import { addressArgument, amountArgument, countArgument } from '../arguments.ts';
import { createClient, type StakeInfo } from '../client.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { examples, type NodeAddressOptions, nodeUrl, withNodeAddress } from '../options.ts';
import { table } from '../text.ts';
import { DEFAULT_TIMEOUT_SECONDS, waitFor, waitForReceipt } from '../waiting.ts';

interface StakeOptions extends NodeAddressOptions {
  readonly amount?: bigint;
  readonly address?: string;
  readonly timeout: number;
  readonly json?: boolean;
}

export function registerStake(program: Command, io: Io): void {
  const command = withNodeAddress(program.command('stake'))
    .description('Put coins of the node’s own account at stake, or show what an account has at stake.')
    .option('--amount <POL>', 'amount to stake, such as 100; without it the stake is shown', amountArgument)
    .option('--address <ADDRESS>', 'account to show (default: the node’s own)', addressArgument)
    .option('--timeout <SECONDS>', 'how long to wait for the blocks', countArgument(1), DEFAULT_TIMEOUT_SECONDS)
    .option('--json', 'print JSON, with amounts in wei')
    .action(async (options: StakeOptions) => {
      if (options.amount !== undefined && options.address !== undefined) {
        throw cliError('CLI_USAGE', '--amount stakes the node’s own coins: leave --address out');
      }
      const client = createClient({ url: nodeUrl(options) }, io);
      const stake = options.amount === undefined ? await client.stake(options.address) : await deposit(options.amount, options);
      io.out.write(options.json === true ? `${JSON.stringify(stakeJson(stake), undefined, 2)}\n` : `${stakeLines(stake).join('\n')}\n`);
    });
  examples(command, [
    ['pol-node stake', 'what the node on this machine has at stake, and needs'],
    ['pol-node stake --amount 100', 'stake 100 POL of its own'],
    ['pol-node stake --address 0x12… --json', 'of any account, for a script'],
  ]);

  /** Sends the coins, and waits for the block after the transaction's: that one counts them. */
  async function deposit(amount: bigint, options: StakeOptions): Promise<StakeInfo> {
    const client = createClient({ url: nodeUrl(options) }, io);
    const before = await client.stake(undefined);
    if (amount < before.minimum_deposit) {
      throw cliError(
        'CLI_USAGE',
        `--amount: at least ${formatPol(before.minimum_deposit)} POL; a smaller deposit would be burned, as the network's rules say`,
      );
    }
    const hash = await client.send(before.stake_address, amount);
    const receipt = await waitForReceipt(hash, options.timeout * 1000, client, io);
    if (!receipt.succeeded) throw cliError('CLI_TRANSACTION_FAILED', `transaction ${hash} was reverted in block ${receipt.block}`);
    return waitFor(
      async () => {
        const { height } = await client.status();
        return height !== undefined && height > receipt.block ? client.stake(undefined) : undefined;
      },
      { what: `the block after ${receipt.block}, which counts the stake`, timeoutMs: options.timeout * 1000 },
      io,
    );
  }
}

export function stakeLines(stake: StakeInfo): readonly string[] {
  const pol = (wei: bigint) => `${formatPol(wei)} POL`;
  const reaches = (minimum: bigint) => (stake.bonded >= minimum ? 'reached' : `${pol(minimum - stake.bonded)} missing`);
  return table([
    ['address', stake.address],
    ['bonded', pol(stake.bonded)],
    ['unbonding', stake.unbonding === 0n ? 'nothing' : `${pol(stake.unbonding)}, owed at the end of round ${stake.unbonds_after_round}`],
    ['offences', String(stake.offences)],
    ['trainer needs', `${pol(stake.trainer_minimum)} (${reaches(stake.trainer_minimum)})`],
    ['authority needs', `${pol(stake.authority_minimum)} (${reaches(stake.authority_minimum)})`],
    ['round', String(stake.round)],
  ]);
}

export function stakeJson(stake: StakeInfo) {
  return Object.fromEntries(Object.entries(stake).map(([key, value]) => [key, typeof value === 'bigint' ? value.toString() : value]));
}
