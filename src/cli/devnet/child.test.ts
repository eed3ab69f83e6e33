import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { nodeConfigSchema } from '../../params/node-config.ts';
import { systemClock } from '../../primitives/clock.ts';
import { sleep } from '../io.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { startChild } from './child.ts';

const FAKE_NODE = fileURLToPath(new URL('../testing/fake-node.mjs', import.meta.url));
const POLL_MS = 10;

describe('startChild', () => {
  it('runs a node with its ports as flags, its log in a file, and stops it in order', async () => {
    const logFile = join(temporaryDirectory(), 'logs', 'node_1.log');
    const config = nodeConfigSchema.parse({ port: 9001, api_port: 9081, boot_nodes: ['a:1', 'b:2'] });
    const child = startChild(
      {
        program: [process.execPath, FAKE_NODE],
        node: { name: 'node_1', role: 'trainer', configFile: '/c.json', config },
        logFile,
        logLevel: 'DEBUG',
      },
      { environment: { ...process.env, POL_PORT: '1', POL_THREADS: '2' } },
    );
    while (!existsSync(logFile) || !readFileSync(logFile, 'utf8').includes('\n')) await sleep(systemClock, POLL_MS);
    expect(JSON.parse(readFileSync(logFile, 'utf8'))).toEqual({
      level: 'info',
      msg: 'started with run --config-file /c.json --port 9001 --api-port 9081 --boot-nodes a:1,b:2 --log-level DEBUG --stop-with-stdin',
      level2: '2',
    });
    expect(child.hasExited()).toBe(false);
    child.stop();
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.hasExited()).toBe(true);
    expect(child.lastWords()).toBe('stopped in order');
  });

  it('reports a program that cannot be started as an exit', async () => {
    const directory = temporaryDirectory();
    const logFile = join(directory, 'node_1.log');
    const node = { name: 'node_1', role: 'trainer', configFile: '/c.json', config: nodeConfigSchema.parse({}) } as const;
    const child = startChild({ program: [join(directory, 'no-such-program')], node, logFile, logLevel: undefined }, { environment: {} });
    expect(await child.exited).toEqual({ code: null, signal: null });
    expect(child.lastWords()).toBe('the log is empty');
  });
});
