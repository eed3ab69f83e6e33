import { join } from 'node:path';
import { createClient } from '../client.ts';
import { cliError } from '../errors.ts';
import { type Io, sleep } from '../io.ts';
import { onStopRequest } from '../stop-request.ts';
import type { NodeChild } from './child.ts';
import { exitText } from './lines.ts';
import type { DevnetNode, NetworkFolder } from './network-folder.ts';
import { createPoller, type Poller } from './poll.ts';
import { createReporter, type Reporter } from './reporter.ts';
import { stopChildren } from './stop-children.ts';

const POLL_INTERVAL_MS = 1000;
const POLL_TIMEOUT_MS = 4000;
const MAX_NOTICES = 3;

export interface DevnetOptions {
  readonly network: NetworkFolder;
  /** Stop by itself when this many rounds have settled since the start. */
  readonly rounds: number | undefined;
  readonly json: boolean;
  /** The command that goes on later. */
  readonly resumeWith: string;
}

export interface DevnetDependencies {
  readonly startNode: (node: DevnetNode, logFile: string) => NodeChild;
}

/**
 * Runs the nodes of a network, each in a process of its own, until Ctrl-C, SIGTERM or the wanted number of rounds.
 * @throws CLI_NODES_EXITED when the last of them has gone by itself
 */
export async function runDevnet(
  { network, rounds, json, resumeWith }: DevnetOptions,
  { startNode }: DevnetDependencies,
  io: Io,
): Promise<void> {
  const children: NodeChild[] = [];
  const notices: string[] = [];
  const stop = new AbortController();
  const reporter = createReporter({ json, resumeWith }, io);
  const forget = onStopRequest(
    io,
    (signal) => stop.abort(signal),
    () => {
      reporter.close();
      for (const child of children) child.kill();
    },
  );
  let diedByThemselves = false;
  const start = (node: DevnetNode) => {
    const logFile = join(network.directory, 'logs', `${node.name}.log`);
    const child = startNode(node, logFile);
    children.push(child);
    void child.exited.then(({ code }) => {
      if (stop.signal.aborted) return;
      const event = { event: 'exited', node: node.name, code, log: logFile, lastWords: child.lastWords() } as const;
      notices.push(exitText(event));
      reporter.say(event);
      diedByThemselves = children.every((other) => other.hasExited());
      if (diedByThemselves) stop.abort();
    });
  };

  try {
    for (const node of network.nodes) start(node);
    await watch({ poller: pollerOf(network, children, io), notices, rounds, reporter, stop }, io);
  } finally {
    // After an error, too: from here on an exit is what was asked for.
    stop.abort('an error');
    reporter.close();
    const running = children.filter((child) => !child.hasExited());
    if (running.length > 0) {
      reporter.say({ event: 'stopping', reason: String(stop.signal.reason) });
      await stopChildren(running, io);
      reporter.say({ event: 'stopped', reason: `${resumeWith} resumes` });
    }
    forget();
  }
  if (diedByThemselves) throw cliError('CLI_NODES_EXITED', `all nodes have exited; the last one: ${notices.at(-1) ?? 'see its log'}`);
}

interface Watch {
  readonly poller: Poller;
  readonly notices: readonly string[];
  readonly rounds: number | undefined;
  readonly reporter: Reporter;
  readonly stop: AbortController;
}

async function watch({ poller, notices, rounds, reporter, stop }: Watch, io: Io): Promise<void> {
  let ready = false;
  let firstSettled: number | undefined;
  const stopped = new Promise<undefined>((resolve) => stop.signal.addEventListener('abort', () => resolve(undefined), { once: true }));
  while (!stop.signal.aborted) {
    const snapshot = await Promise.race([poller.poll(notices.slice(-MAX_NOTICES)), stopped]);
    if (snapshot === undefined || stop.signal.aborted) return;
    if (!ready && snapshot.nodes.every((node) => node.state !== 'starting')) {
      ready = true;
      reporter.say({ event: 'ready', nodes: snapshot.nodes.length, api: snapshot.nodes.map((node) => node.apiUrl) });
    }
    reporter.show(snapshot);
    firstSettled ??= snapshot.settledRound;
    if (rounds !== undefined && firstSettled !== undefined && (snapshot.settledRound ?? firstSettled) - firstSettled >= rounds) {
      stop.abort(`${rounds} rounds have settled`);
    }
    await sleep(io.clock, POLL_INTERVAL_MS, stop.signal);
  }
}

function pollerOf(network: NetworkFolder, children: readonly NodeChild[], io: Io): Poller {
  const nodes = children.map(({ node, hasExited }) => {
    const apiUrl = `http://${node.config.api_host}:${node.config.api_port}`;
    return { node, apiUrl, hasExited, client: createClient({ url: apiUrl, timeoutMs: POLL_TIMEOUT_MS }, io) };
  });
  return createPoller({ nodes, chainId: network.genesis.chain_id, startedAt: io.clock.now() }, { now: io.clock.now });
}
