import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createNetwork } from '../create-network/create-network.ts';
import { type NetworkOptions, withNetworkOptions } from '../create-network/options.ts';
import { creationReport } from '../create-network/report.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';

interface CommandOptions extends NetworkOptions {
  readonly dir: string;
  readonly name: string;
  readonly force?: boolean;
}

export function registerCreateNetwork(program: Command, io: Io): void {
  const command = withNetworkOptions(
    program
      .command('create-network')
      .description('Make the files of a network on this machine: genesis, and a configuration and an encrypted key for each node.')
      .option('--dir <DIR>', 'folder to write to', '.')
      .option('--name <NAME>', 'name of the network', 'pol')
      .option('--no-training-view', 'without the contract that tells of the training: standard execution clients can take part')
      .option('--force', 'overwrite existing files: keys in them are lost'),
  ).action(async ({ dir, force, ...options }: CommandOptions) => {
    // Loaded here: the tokenizer behind it would slow every other command's start.
    const { networkDependencies } = await import('../create-network/dependencies.ts');
    const network = await createNetwork(
      { ...options, directory: resolve(io.workingDirectory, dir), workingDirectory: io.workingDirectory, force: force === true },
      networkDependencies(io),
    );
    io.out.write(`${creationReport(network, dir.replace(/(?!^)[/\\]+$/, '')).join('\n')}\n`);
  });
  examples(command, [
    ['pol-node create-network', '3 authorities and 3 trainers, in this folder'],
    ['pol-node create-network --authorities 4 --nodes 2 --dir mynet', 'tolerates one failing authority'],
    ['pol-node create-network --data file:book.txt --model-size 3000000', 'another text, a larger model'],
    ['pol-node create-network --fund 0x1234567890abcdef1234567890abcdef12345678=1000', 'coins for a wallet'],
  ]);
}
