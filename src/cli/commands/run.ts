import type { Command } from 'commander';
import { type ConfigFlags, configFlags, withConfigFlags } from '../config-flags.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';

interface RunOptions extends ConfigFlags {
  readonly configFile?: string;
  readonly stopWithStdin?: boolean;
}

export function registerRun(program: Command, io: Io): void {
  const command = withConfigFlags(
    program
      .command('run')
      .description(
        'Run a node until it is stopped. Without a genesis file it asks the boot nodes for theirs; without boot nodes it starts a network of its own.',
      )
      .option('--config-file <FILE>', 'configuration to read; flags and POL_… variables go over it'),
  )
    .option('--stop-with-stdin', 'stop when the standard input ends: for programs that start nodes')
    .action(async (options: RunOptions, self: Command) => {
      // Loaded here: the whole node behind it would slow every other command's start.
      const { runNode } = await import('../run-node.ts');
      await runNode({ configFile: options.configFile, flags: configFlags(self), stopWithStdin: options.stopWithStdin === true }, io);
    });
  examples(command, [
    ['pol-node run --node-id my-node --port 8000 --api-port 8080 --training --data-dir ./data', 'a single node'],
    ['pol-node run --config-file authority_0_config.json', 'as `create-network` made it'],
    ['pol-node run --training --boot-nodes localhost:8001,localhost:8002', 'join a network'],
    ['POL_API_PORT=9090 pol-node run --training', 'every key is also a variable'],
  ]);
}
