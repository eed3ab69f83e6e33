import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { toolCommand } from './tools.ts';

/** EthereumJS's execution client as a process, with its Engine API and its ordinary JSON-RPC on loopback. */
export interface ExecutionClient {
  readonly engineUrl: string;
  readonly rpcUrl: string;
  readonly jwtSecretFile: string;
  /** Ends it, and starts it again on the same data. */
  restart(): Promise<void>;
  kill(): Promise<void>;
}

export async function startExecutionClient(directory: string, genesisFile: string): Promise<ExecutionClient> {
  const [engine, rpc, p2p] = [await freePort(), await freePort(), await freePort()];
  const jwtSecretFile = join(directory, 'jwt.hex');
  await writeFile(jwtSecretFile, randomBytes(32).toString('hex'));
  const args = [
    ...['--gethGenesis', genesisFile, '--dataDir', join(directory, 'execution'), '--isSingleNode', '--logLevel', 'info'],
    ...['--rpcEngine', '--rpcEngineAddr', '127.0.0.1', '--rpcEnginePort', `${engine}`, '--jwtSecret', jwtSecretFile],
    ...['--rpc', '--rpcAddr', '127.0.0.1', '--rpcPort', `${rpc}`, '--port', `${p2p}`, '--discDns', 'false', '--discV4', 'false'],
  ];
  let child: ChildProcess | undefined;
  let ended: Promise<unknown> = Promise.resolve();

  async function start(): Promise<void> {
    const started = spawn(process.execPath, [toolCommand('ethereumjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const sink = createWriteStream(join(directory, 'execution.log'), { flags: 'a' });
    started.stdout.pipe(sink, { end: false });
    started.stderr.pipe(sink, { end: false });
    child = started;
    ended = new Promise((resolve) => started.once('exit', resolve));
    for (let isUp = false; !isUp; ) {
      if (started.exitCode !== null) throw new Error(`the execution client ended with ${started.exitCode}`);
      isUp = await fetch(`http://127.0.0.1:${engine}`, { method: 'POST', body: '{}' }).then(
        () => true,
        () => false,
      );
      if (!isUp) await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    child?.kill(signal);
    await ended;
  }

  await start();
  return {
    engineUrl: `http://127.0.0.1:${engine}`,
    rpcUrl: `http://127.0.0.1:${rpc}`,
    jwtSecretFile,
    async restart() {
      await end('SIGINT');
      await start();
    },
    kill: () => end('SIGKILL'),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
