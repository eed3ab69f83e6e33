// The programs that bench/compare.mjs measures beside ours.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findLlmc, HOW_TO_GET_LLMC } from './find-llmc.mjs';
import { findTorch, HOW_TO_INSTALL } from './find-torch.mjs';

const here = dirname(fileURLToPath(import.meta.url));
/** Below it, f32 products are the reference BLAS's, and the comparison says nothing. */
const LEAST_GFLOPS = 20;

/** Our engine, on its best native backend or on WebAssembly. */
export function ours(backend) {
  const program = (options) => ({
    name: backend === 'wasm' ? 'ours, WebAssembly' : 'ours, native',
    command: process.execPath,
    args: [join(here, 'train-ours.mjs'), JSON.stringify({ ...options, backend })],
  });
  return { programs: (options) => [program(options)] };
}

/**
 * `against`: which of our backends a peer is compared with. `find` gives what starts it, or undefined where it is not installed:
 * `programs({ model, learning, threads })` are commands that speak the protocol of line-process.mjs.
 */
export const PEERS = [
  { name: 'torch', against: 'native', missing: HOW_TO_INSTALL, find: torch },
  { name: 'llmc', against: 'native', missing: HOW_TO_GET_LLMC, find: llmc },
  { name: 'tfjs', against: 'wasm', missing: missingModules('@tensorflow/tfjs @tensorflow/tfjs-backend-wasm'), find: tfjs },
  { name: 'jax-js', against: 'wasm', missing: missingModules('@jax-js/jax'), find: jax },
];

function torch() {
  if (findTorch({ threads: 1 }) === undefined) return undefined;
  const program = (options, precision) => {
    const { command, env } = findTorch(options);
    const args = [join(here, 'train_torch.py'), JSON.stringify({ ...options, precision })];
    return { name: `PyTorch ${precision}`, command, args, env, describe: describeTorch };
  };
  return { programs: (options) => ['f32', 'bf16'].map((precision) => program(options, precision)) };
}

function describeTorch({ version, attention, foreach, gflops }) {
  if (gflops < LEAST_GFLOPS) {
    console.log(`warning: PyTorch's f32 products run at ${gflops.toFixed(1)} GFLOP/s: no fast BLAS (docs/benchmarks.md)`);
  }
  return `${version}, ${attention} attention${foreach ? ', foreach' : ''}`;
}

function llmc() {
  const command = findLlmc();
  if (command === undefined) return undefined;
  return {
    programs: ({ model, learning, threads }) => {
      const sizes = [model.layers, model.heads, model.dim, model.vocab_size, model.context_length, learning.batch_size];
      return [{ name: 'llm.c f32', command, args: sizes.map(String), env: { ...process.env, OMP_NUM_THREADS: String(threads) } }];
    },
  };
}

function tfjs() {
  return nodePeer('TensorFlow.js', 'train_tfjs.mjs', ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm']);
}

function jax() {
  return nodePeer('jax-js', 'train_jax.mjs', ['@jax-js/jax']);
}

/** A peer in npm packages, from the folder that POL_PEER_NODE_MODULES names or from the project's own. */
function nodePeer(name, script, packages) {
  const modules = process.env.POL_PEER_NODE_MODULES ?? here;
  const require = createRequire(join(modules, 'peers.js'));
  try {
    for (const wanted of packages) require.resolve(wanted);
  } catch {
    return undefined;
  }
  const program = (options) => ({
    name: `${name}, WebAssembly`,
    command: process.execPath,
    args: [join(here, script), JSON.stringify({ ...options, modules })],
  });
  return { programs: (options) => [program(options)] };
}

function missingModules(packages) {
  return `${packages} not found: npm install --ignore-scripts ${packages} in an empty folder, and name it in POL_PEER_NODE_MODULES.`;
}
