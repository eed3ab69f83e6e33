import type { Command } from 'commander';
import { portArgument, urlArgument } from './arguments.ts';

const DEFAULT_API_PORT = 8080;

/** Adds an "Examples:" section to a command's help. */
export function examples(command: Command, lines: readonly (readonly [command: string, meaning: string])[]): Command {
  const width = Math.max(...lines.map(([text]) => text.length));
  const rows = lines.map(([text, meaning]) => `  $ ${text.padEnd(width)}  # ${meaning}`);
  return command.addHelpText('after', `\nExamples:\n${rows.join('\n')}\n`);
}

export interface NodeAddressOptions {
  readonly port: number;
  readonly url?: string;
}

/** `--port` and `--url` of a command that talks to a running node. */
export function withNodeAddress(command: Command): Command {
  return command
    .option('--port <PORT>', 'API port of a node on this machine', portArgument, DEFAULT_API_PORT)
    .option('--url <URL>', 'address of a node elsewhere, instead of --port', urlArgument);
}

export function nodeUrl({ port, url }: NodeAddressOptions): string {
  return url ?? `http://127.0.0.1:${port}`;
}
