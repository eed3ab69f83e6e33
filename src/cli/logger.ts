import pino, { type Logger as Pino } from 'pino';
import pretty from 'pino-pretty';
import type { NodeConfig } from '../params/node-config.ts';
import type { Logger } from '../primitives/log.ts';
import type { Output } from './io.ts';

export interface LoggerOptions {
  readonly level: NodeConfig['log_level'];
  readonly nodeId: string;
}

/** Log lines: for people at a terminal, JSON (one object a line) everywhere else. */
export function createLogger({ level, nodeId }: LoggerOptions, output: Output): Logger {
  const stream = { write: (line: string) => output.write(line) };
  const base = {
    level: level.toLowerCase(),
    base: { node: nodeId },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!output.isTerminal) return wrap(pino(base, stream));
  const format = pretty.prettyFactory({ colorize: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname,node', singleLine: true });
  return wrap(pino(base, { write: (line: string) => output.write(format(JSON.parse(line)) ?? line) }));
}

function wrap(logger: Pino): Logger {
  return {
    debug: (facts, message) => logger.debug(facts, message),
    info: (facts, message) => logger.info(facts, message),
    warn: (facts, message) => logger.warn(facts, message),
    error: (facts, message) => logger.error(facts, message),
    child: (bindings) => wrap(logger.child(bindings)),
  };
}
