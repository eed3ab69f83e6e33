// `npm run soak -- --minutes 60 --seed 1`: seven real processes under random kills, freezes, restarts and partitions, then an audit.
// As root on Linux each node gets a network namespace of its own, so that partitions are real; elsewhere there are none, and it says so.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureDependencies, main, root } from './bootstrap.mjs';
import { readFlags } from './flags.mjs';

const NODES = 7;
const values = readFlags(import.meta.url, { minutes: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } });

const ip = (...args) => {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()}`);
};

/** A switch with two bridges in a namespace of its own, and a namespace for each node: `PREFIX-0` … with the address 10.77.0.10 … */
function makeNamespaces(prefix) {
  const hub = `${prefix}-hub`;
  ip('netns', 'add', hub);
  ip('-n', hub, 'link', 'set', 'lo', 'up');
  for (const bridge of ['main', 'apart']) {
    ip('-n', hub, 'link', 'add', bridge, 'type', 'bridge');
    ip('-n', hub, 'link', 'set', bridge, 'up');
  }
  ip('-n', hub, 'addr', 'add', '10.77.0.1/24', 'dev', 'main');
  for (let i = 0; i < NODES; i++) {
    const name = `${prefix}-${i}`;
    ip('netns', 'add', name);
    ip('-n', hub, 'link', 'add', `port${i}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('-n', hub, 'link', 'set', `port${i}`, 'master', 'main', 'up');
    ip('-n', name, 'addr', 'add', `10.77.0.${10 + i}/24`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  return hub;
}

/** With what still runs in them: a run that was interrupted may have been in the midst of starting a node. */
function removeNamespaces(prefix) {
  for (const name of [`${prefix}-hub`, ...Array.from({ length: NODES }, (_, i) => `${prefix}-${i}`)]) {
    const pids = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout?.split('\n').filter(Boolean) ?? [];
    if (pids.length > 0) spawnSync('kill', ['-9', ...pids]);
    spawnSync('ip', ['netns', 'del', name]);
  }
}

const vitest = [process.execPath, join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', 'test/e2e/soak.test.ts'];

await main(async () => {
  await ensureDependencies();
  await ensureBuilt();
});
const prefix = `pol-soak-${process.pid}`;
let command = vitest;
const env = { ...process.env, POL_SOAK_MINUTES: values.minutes, POL_SOAK_SEED: values.seed };
if (process.platform === 'linux' && process.getuid?.() === 0) {
  try {
    command = ['ip', 'netns', 'exec', makeNamespaces(prefix), ...vitest];
    env.POL_SOAK_NAMESPACES = prefix;
  } catch (error) {
    console.log(`no partitions: ${error.message}`);
  }
} else console.log('no partitions: network namespaces need Linux and root');
const child = spawn(command[0], command.slice(1), { cwd: root, stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => {
  removeNamespaces(prefix);
  process.exit(code ?? 1);
});
