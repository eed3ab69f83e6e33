import type { Command } from 'commander';
import { countArgument, hashArgument, pinnedHeaderArgument } from '../arguments.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { examples, type NodeAddressOptions, nodeUrl, withNodeAddress } from '../options.ts';
import type { VerifyFlags } from '../verify/verify.ts';

export function registerVerify(program: Command, io: Io): void {
  const command = withNodeAddress(program.command('verify'))
    .description('Judge the verdicts on a settled round again, from certified chain data and by re-executing what was drawn.')
    .option('--round <ROUND>', 'settled round (default: the last one)', countArgument(0))
    .option('--lineage <FILE>', 'hold an export’s lineage.json against the chain instead of judging a round')
    .option('--proof <ID>', 'only this proof: its place in the round, its trainer, or its leaves root')
    .option('--data-dir <DIR>', 'read a stopped node’s data directory instead of a network')
    .option('--genesis-file <FILE>', 'genesis of the network, when the data directory does not hold it')
    .option('--genesis-hash <HASH>', 'accept only this genesis; without it the node’s is taken', hashArgument)
    .option('--trust <HEIGHT:HASH>', 'begin at this consensus header instead of at the genesis', pinnedHeaderArgument)
    .option('--backend <NAME>', 'auto, native, wasm, reference, or a native variant by name: all give the same bits', 'auto')
    .option('--threads <N>', 'threads of the arithmetic (default: all processors)', countArgument(1))
    .option('--dataset-cache <DIR>', 'where tokenised text is kept (default: datasets/ here, or in the data directory)')
    .option('--json', 'print JSON')
    .action(async (options: Omit<VerifyFlags, 'url'> & NodeAddressOptions) => {
      const flags = { ...options, url: nodeUrl(options) };
      if (options.lineage === undefined) {
        const { verifyRound } = await import('../verify/verify.ts');
        await verifyRound(flags, io);
      } else {
        if (options.round !== undefined || options.proof !== undefined || options.trust !== undefined) {
          throw cliError('CLI_USAGE', '--lineage checks a whole history: leave --round, --proof and --trust out');
        }
        const { verifyLineage } = await import('../verify/lineage.ts');
        await verifyLineage(options.lineage, flags, io);
      }
    });
  examples(command, [
    ['pol-node verify', 'the last settled round of the network of the node on this machine'],
    ['pol-node verify --round 12 --proof 0x12… --url http://10.0.0.7:8080', 'one trainer’s proof, in a network elsewhere'],
    ['pol-node verify --round 12 --data-dir ./data', 'from a stopped node’s own files'],
    ['pol-node verify --lineage export/lineage.json', 'who trained a checkpoint, on what, and who checked it'],
  ]);
}
