import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type Check, judge } from '../doctor/checks.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';
import { type ModelFlags, withModelFlags } from '../train/flags.ts';

export function registerDoctor(program: Command, io: Io): void {
  const command = withModelFlags(
    program
      .command('doctor')
      .description(
        'Check whether this machine can run a node: Node, memory, disk, compiler, and that its arithmetic gives the right bits. With --model-size, whether it can train such a model.',
      ),
    'predicts the memory of training it',
  )
    .option('--data-dir <DIR>', 'where the node’s data would be', './data')
    .option('--json', 'print JSON')
    .action(async ({ dataDir, json, ...flags }: ModelFlags & { dataDir: string; json?: boolean }) => {
      const { inspectMachine } = await import('../doctor/machine.ts');
      const facts = await inspectMachine(resolve(io.workingDirectory, dataDir), io.environment);
      const training = await forecast(flags);
      const checks = [...judge(facts), ...(training === undefined ? [] : [training.check])];
      io.out.write(
        json === true ? `${JSON.stringify({ facts, training: training?.forecast, checks }, undefined, 2)}\n` : checkLines(checks),
      );
      const failure = checks.find((check) => check.result === 'fail');
      if (failure !== undefined) throw cliError('CLI_CHECK_FAILED', failure.text);
    });
  examples(command, [
    ['pol-node doctor', 'notes cost speed; a failure keeps a node from running'],
    ['pol-node doctor --model-size 124M', 'the memory that training it takes, and whether it fits'],
    ['pol-node doctor --model-size 1B --memory 8G --checkpointing on --micro-batch 1 --batch-size 4', 'the least it takes'],
    ['pol-node doctor --model-size 30M --vocab-size 8192 --context-length 512', 'another shape'],
    ['pol-node doctor --data-dir /srv/pol --json', 'another disk, for a program'],
  ]);
}

async function forecast(flags: ModelFlags) {
  const { modelSize } = flags;
  if (modelSize === undefined) return undefined;
  const { forecastTraining, judgeTraining } = await import('../doctor/training.ts');
  const { defaultMemoryBudget, machineBackend } = await import('../train/machine.ts');
  const backend = await machineBackend({ backend: 'auto', threads: 1 }, () => {});
  const found = forecastTraining({ ...flags, modelSize }, { budgetBytes: flags.memory ?? defaultMemoryBudget(), backend });
  return { forecast: found, check: judgeTraining(found) };
}

function checkLines(checks: readonly Check[]): string {
  return checks.map(({ result, text }) => `${result.padEnd(4)}  ${text}\n`).join('');
}
