import { Command, CommanderError } from 'commander';
import { messageOf } from '../primitives/errors.ts';
import { registerAuthority } from './commands/authority.ts';
import { registerBalance } from './commands/balance.ts';
import { registerBench } from './commands/bench.ts';
import { registerChat } from './commands/chat.ts';
import { registerCreateNetwork } from './commands/create-network.ts';
import { registerDevnet } from './commands/devnet.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEval } from './commands/eval.ts';
import { registerExit } from './commands/exit.ts';
import { registerExplainReward } from './commands/explain-reward.ts';
import { registerExport } from './commands/export.ts';
import { registerGenerateConfig } from './commands/generate-config.ts';
import { registerImport } from './commands/import.ts';
import { registerKeys } from './commands/keys.ts';
import { registerRun } from './commands/run.ts';
import { registerSend } from './commands/send.ts';
import { registerSimulate } from './commands/simulate.ts';
import { registerStake } from './commands/stake.ts';
import { registerStatus } from './commands/status.ts';
import { registerTrain } from './commands/train.ts';
import { registerVerify } from './commands/verify.ts';
import { registerVerifyAnswer } from './commands/verify-answer.ts';
import { EXIT_USAGE, exitCodeOf } from './errors.ts';
import type { Io } from './io.ts';
import { examples } from './options.ts';
import { programVersion } from './version.ts';

/**
 * Runs one command and gives the process's exit code: 0 well, 1 failed, 2 wrong usage.
 * An error is one line on `io.err`; its stack follows only with --log-level DEBUG.
 *
 * @param argv the arguments after the program's name
 */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  try {
    await createProgram(io).parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has printed its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    io.err.write(`error: ${oneLine(messageOf(error))}\n`);
    if (wantsStack(argv, io)) io.err.write(`${stackOf(error)}\n`);
    return exitCodeOf(error);
  }
}

function createProgram(io: Io): Command {
  const program = new Command('pol-node')
    .description('A Proof of Learning node: train a shared language model, earn coins for proven work, serve the model.')
    .version(programVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .option('--log-level <LEVEL>', 'DEBUG, INFO, WARN or ERROR; DEBUG also shows the stack of an error')
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: (text) => io.err.write(text),
      getOutHelpWidth: () => io.out.columns(),
      getErrHelpWidth: () => io.err.columns(),
      outputError: (text, write) => write(`${oneLine(text)}\n`),
    });
  registerCreateNetwork(program, io);
  registerRun(program, io);
  registerDevnet(program, io);
  registerStatus(program, io);
  registerBalance(program, io);
  registerSend(program, io);
  registerStake(program, io);
  registerExit(program, io);
  registerAuthority(program, io);
  registerExplainReward(program, io);
  registerVerify(program, io);
  registerChat(program, io);
  registerGenerateConfig(program, io);
  registerKeys(program, io);
  registerVerifyAnswer(program, io);
  registerTrain(program, io);
  registerEval(program, io);
  registerExport(program, io);
  registerImport(program, io);
  registerBench(program, io);
  registerSimulate(program, io);
  registerDoctor(program, io);
  examples(program, [
    ['pol-node devnet', 'a whole network on this machine, with a live view'],
    ['pol-node run --training', 'one node that trains, earns and chats by itself'],
    ['pol-node chat --prompt "Fellow citizens"', 'ask the model of the node on this machine'],
    ['pol-node help run', 'all options of one command'],
  ]);
  return program;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}

function wantsStack(argv: readonly string[], io: Io): boolean {
  const at = argv.findIndex((argument) => argument === '--log-level' || argument.startsWith('--log-level='));
  const level = at < 0 ? io.environment.POL_LOG_LEVEL : (argv[at]?.split('=')[1] ?? argv[at + 1]);
  return level?.toUpperCase() === 'DEBUG';
}

/** The stacks of an error and of what caused it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\ncaused by: ${stackOf(error.cause)}`;
}
