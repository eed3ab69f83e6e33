import type { Command } from 'commander';
import { formatPol } from '../../primitives/units.ts';
import { addressArgument, amountArgument, countArgument } from '../arguments.ts';
import { createClient, type Receipt } from '../client.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { examples, type NodeAddressOptions, nodeUrl, withNodeAddress } from '../options.ts';
import { DEFAULT_TIMEOUT_SECONDS, waitForReceipt } from '../waiting.ts';

interface SendOptions extends NodeAddressOptions {
  readonly to: string;
  readonly amount: bigint;
  readonly wait: boolean;
  readonly timeout: number;
  readonly json?: boolean;
}

export function registerSend(program: Command, io: Io): void {
  const command = withNodeAddress(program.command('send'))
    .description('Send POL from the node’s own account, and wait until that is final.')
    .requiredOption('--to <ADDRESS>', 'receiver', addressArgument)
    .requiredOption('--amount <POL>', 'amount in POL, such as 10 or 0.25', amountArgument)
    .option('--no-wait', 'print the transaction’s hash and do not wait for its block')
    .option('--timeout <SECONDS>', 'how long to wait for the block', countArgument(1), DEFAULT_TIMEOUT_SECONDS)
    .option('--json', 'print JSON, with amounts in wei')
    .action(async (options: SendOptions) => {
      const client = createClient({ url: nodeUrl(options) }, io);
      const hash = await client.send(options.to, options.amount);
      const receipt = options.wait ? await waitForReceipt(hash, options.timeout * 1000, client, io) : undefined;
      io.out.write(`${options.json === true ? sentJson(hash, receipt) : sentLines(hash, receipt, options)}\n`);
      if (receipt?.succeeded === false)
        throw cliError('CLI_TRANSACTION_FAILED', `transaction ${hash} was reverted in block ${receipt.block}`);
    });
  examples(command, [
    ['pol-node send --to 0x1234567890abcdef1234567890abcdef12345678 --amount 10.0', 'from the node on this machine'],
    ['pol-node send --port 8083 --to 0x12… --amount 0.5 --no-wait', 'do not wait for the block'],
  ]);
}

function sentLines(hash: string, receipt: Receipt | undefined, { to, amount }: SendOptions): string {
  const what = `sent ${formatPol(amount)} POL to ${to}`;
  if (receipt === undefined) return `${what}\nhash   ${hash}`;
  return `${what}\nhash   ${hash}\nblock  ${receipt.block} (final)\nfee    ${formatPol(receipt.fee)} POL`;
}

function sentJson(hash: string, receipt: Receipt | undefined): string {
  return JSON.stringify(receipt === undefined ? { hash } : { hash, ...receipt, fee: receipt.fee.toString() });
}
