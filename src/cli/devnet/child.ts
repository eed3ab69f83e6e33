import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { environmentName } from '../../params/load-config.ts';
import type { Io } from '../io.ts';
import { lastLogSentence } from './log-tail.ts';
import type { DevnetNode } from './network-folder.ts';

const MAX_LOG_BYTES = 16 * 1024 * 1024;
const LOG_TAIL_BYTES = 64 * 1024;
/** Keys that make a node the one it is: a variable for one of them would reach all six. */
const OWN_KEYS = [
  'node_id',
  'port',
  'api_port',
  'is_authority',
  'boot_nodes',
  'data_dir',
  'training_enabled',
  'genesis_file',
  'genesis_hash',
  'key_file',
  'password_file',
];

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A node's process. */
export interface NodeChild {
  readonly node: DevnetNode;
  readonly exited: Promise<ChildExit>;
  readonly hasExited: () => boolean;
  /** Asks it to stop in order. */
  stop(): void;
  kill(): void;
  /** What the log says last, for a report of a death. */
  lastWords(): string;
}

export interface ChildOptions {
  /** Program and first arguments that run `pol-node`. */
  readonly program: readonly [string, ...string[]];
  readonly node: DevnetNode;
  readonly logFile: string;
  readonly logLevel: string | undefined;
}

const TRAINER_SESSION_NICENESS = 10;

/** Starts `pol-node run` with its output in a log file. */
export function startChild({ program, node, logFile, logLevel }: ChildOptions, io: Pick<Io, 'environment'>): NodeChild {
  const [command, ...before] = program;
  mkdirSync(dirname(logFile), { recursive: true });
  if (existsSync(logFile) && statSync(logFile).size > MAX_LOG_BYTES) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, 'a');
  const child = spawn(command, [...before, ...runArguments(node, logLevel)], {
    stdio: ['pipe', log, log],
    env: childEnvironment(io.environment),
    // Out of the terminal's process group: Ctrl-C reaches this program alone, which then stops the nodes in order.
    detached: true,
    windowsHide: true,
  });
  closeSync(log);
  if (!node.config.is_authority) yieldToOthers(child.pid);
  let ended = false;
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  }).then((exit) => {
    ended = true;
    return exit;
  });
  // A child that is gone closes its end of the pipe.
  child.stdin?.on('error', () => {});
  return {
    node,
    exited,
    hasExited: () => ended,
    stop() {
      // The end of its input stops the node everywhere; on Windows a signal would kill it.
      if (process.platform === 'win32') child.stdin?.end();
      else child.kill('SIGTERM');
    },
    kill: () => child.kill('SIGKILL'),
    lastWords: () => (existsSync(logFile) ? lastLogSentence(readFileSync(logFile).subarray(-LOG_TAIL_BYTES).toString('utf8')) : 'no log'),
  };
}

/**
 * Linux shares the processor between sessions before it looks at a thread's niceness (sched_autogroup), and each node is
 * a session of its own: without this, trainers would take as much as the authorities that check their work.
 */
function yieldToOthers(pid: number | undefined): void {
  try {
    if (process.platform === 'linux' && pid !== undefined) writeFileSync(`/proc/${pid}/autogroup`, String(TRAINER_SESSION_NICENESS));
  } catch {
    // A kernel without session groups: the threads' own niceness does it.
  }
}

function runArguments({ configFile, config }: DevnetNode, logLevel: string | undefined): string[] {
  return [
    'run',
    '--config-file',
    configFile,
    '--port',
    String(config.port),
    '--api-port',
    String(config.api_port),
    ...(config.boot_nodes.length === 0 ? [] : ['--boot-nodes', config.boot_nodes.join(',')]),
    ...(logLevel === undefined ? [] : ['--log-level', logLevel]),
    '--stop-with-stdin',
  ];
}

function childEnvironment(environment: Io['environment']): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...environment };
  for (const key of OWN_KEYS) delete env[environmentName(key)];
  return env;
}
