import { type Command, Option } from 'commander';
import { ADVERSARY_KINDS } from '../../simulator/adversary-kinds.ts';
import { FAULT_KINDS } from '../../simulator/faults.ts';
import { countArgument, numberArgument } from '../arguments.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';
import { adversaryArgument, faultsArgument, type SimulateFlags, seedsArgument } from '../simulate/flags.ts';
import { table } from '../text.ts';

const DEFAULTS = { authorities: 4, trainers: 4, rounds: 3, checks: 2, segments: 12 } as const;
const DEFAULT_TROUBLE_S = 12;
const DEFAULT_SEGMENT_PRICE = 0.25;

export function registerSimulate(program: Command, io: Io): void {
  const command = program
    .command('simulate')
    .description(
      'Run whole networks in virtual time, with faults and cheats, and say what came of it: detection, profit, finality. Production code but for training, execution and transport, which are simulated; a seed gives the same run each time.',
    )
    .option('--authorities <N>', 'authorities, the faulty ones included', countArgument(1), DEFAULTS.authorities)
    .option('--trainers <N>', 'trainers, the cheating ones included', countArgument(0), DEFAULTS.trainers)
    .option('--nodes <N>', 'all nodes; those that neither train nor vote follow (default: no followers)', countArgument(1))
    .option('--adversary <KIND[=N]>', 'a faulty node of a kind (below), or N of them; may be repeated', adversaryArgument)
    .option('--seeds <A..B>', 'which runs, or how many from 1 on (default: 20)', seedsArgument)
    .addOption(
      new Option('--seed <N>', 'one run again, to the last message; its trace says so').argParser(countArgument(0)).conflicts('seeds'),
    )
    .option('--rounds <N>', 'settled rounds in each run, once its faults are over', countArgument(0), DEFAULTS.rounds)
    .option('--faults <KINDS>', `none, all, or of ${FAULT_KINDS.join(', ')}, with commas between (default: none)`, faultsArgument)
    .option('--trouble <SECONDS>', 'virtual time in which faults strike', countArgument(1), DEFAULT_TROUBLE_S)
    .option('--checks <Q>', 'segments drawn for each authority at first, beside those always checked', countArgument(2), DEFAULTS.checks)
    .option('--segments <N>', 'the most segments of a proof', countArgument(1), DEFAULTS.segments)
    .option(
      '--segment-price <SHARE>',
      'what executing a segment costs, as a share of what an honest trainer is paid for it',
      numberArgument(0, 10),
      DEFAULT_SEGMENT_PRICE,
    )
    .addOption(
      new Option(
        '--survival',
        'another network for each seed: 4 to 7 authorities, fewer than a third of them faulty, twice trouble of every kind',
      ).conflicts(['authorities', 'trainers', 'nodes', 'adversary', 'rounds', 'faults', 'trouble', 'checks', 'segments']),
    )
    .option('--threads <N>', 'runs at a time (default: the number of processors)', countArgument(1))
    .option('--output <DIR>', 'also write report.md, report.csv, report.json and report.svg there')
    .option('--force', 'overwrite them')
    .option('--json', 'print JSON')
    .action(async (flags: SimulateFlags) => {
      const { simulate } = await import('../simulate/simulate.ts');
      await simulate(flags, io);
    });
  const kinds = Object.entries(ADVERSARY_KINDS).map(([kind, { role, summary }]) => [`  ${kind}`, role, summary]);
  command.addHelpText('after', `\nAdversaries:\n${table(kinds).join('\n')}\n`);
  examples(command, [
    ['pol-node simulate', 'twenty honest networks'],
    ['pol-node simulate --adversary interpolator --seeds 500 --output forging', 'how often forged segments are found, with a plot'],
    ['pol-node simulate --adversary interpolator=2 --checks 4', 'the same with more checking'],
    ['pol-node simulate --adversary lazy-authority --adversary wrong-data', 'does not checking pay?'],
    ['pol-node simulate --authorities 7 --adversary double-voter=2 --faults all --seeds 200', 'lies and failures at once'],
    ['pol-node simulate --survival --seeds 10000', 'does anything ever fork, slash the honest, or stand still?'],
    ['pol-node simulate --seed 4711 --json', 'one run again'],
  ]);
}
