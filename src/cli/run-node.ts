import { startNode } from '../node/node.ts';
import { type ConfigSources, loadConfig } from '../params/load-config.ts';
import { readTextFile } from './files.ts';
import type { Io } from './io.ts';
import { createLogger } from './logger.ts';
import { onStopRequest } from './stop-request.ts';

export interface RunNodeOptions {
  readonly configFile: string | undefined;
  readonly flags: NonNullable<ConfigSources['flags']>;
  /** Also stop when the standard input ends: then no node outlives the program that started it. */
  readonly stopWithStdin: boolean;
}

/**
 * Runs a node until SIGINT or SIGTERM; a second one ends the process at once.
 * @throws CONFIG_INVALID, CLI_FILE_UNREADABLE, and whatever keeps the node from starting
 */
export async function runNode({ configFile, flags, stopWithStdin }: RunNodeOptions, io: Io): Promise<void> {
  const file = configFile === undefined ? undefined : { path: configFile, text: readTextFile(configFile, io.workingDirectory) };
  const config = loadConfig({ flags, environment: io.environment, file, workingDirectory: io.workingDirectory });
  const log = createLogger({ level: config.log_level, nodeId: config.node_id }, io.out);
  const stopRequest = nextStopRequest(io, stopWithStdin);
  const node = await startNode({ config, log });
  log.info({ api: node.apiUrl }, 'ready');
  const reason = await Promise.race([stopRequest, node.failed]);
  if (reason instanceof Error) log.error({ reason: reason.message }, 'the node cannot go on');
  else log.info({ reason }, 'stopping');
  await node.stop();
  log.info({}, 'stopped');
  if (reason instanceof Error) throw reason;
}

/** Listens from now on, so that a Ctrl-C while the node starts is not lost. */
function nextStopRequest(io: Io, stopWithStdin: boolean): Promise<string> {
  return new Promise((resolve) => {
    onStopRequest(io, resolve);
    if (!stopWithStdin) return;
    io.input.once('end', () => resolve('end of standard input'));
    io.input.once('error', () => resolve('end of standard input'));
    io.input.resume();
  });
}
