/**
 * pol-node in a browser: the WebAssembly arithmetic, models, training and decoding. Plain ES modules without a `node:` import, so a page
 * loads dist/browser.js as it is. Same bits as every other backend. Use it in a Worker: a step keeps the thread.
 *
 * @example
 * const backend = await loadWasmBackend();
 * const engine = createTrainingEngine({ model, learning }, { backend });
 * initialiseWeights(model, new Uint8Array(32), engine.weights);
 * const { loss } = engine.step(tokens, { adamStep: 1, learningRate: 1e-3 });
 */
import type { Backend } from './numerics/backend.ts';
import { selfTest } from './numerics/self-test/self-test.ts';
import { createWasmBackend, WASM_KERNELS, type WasmBackendName } from './numerics/wasm.ts';
import { hasRelaxedSimd, webAssembly } from './numerics/webassembly.ts';

export { createDecoder, type DecoderOptions } from './model/decoder.ts';
export { initialiseWeights } from './model/initialise.ts';
export { parameterLayout } from './model/layout.ts';
export { learningRateAt } from './model/schedule.ts';
export { createTrainingEngine, type TrainingEngineOptions } from './model/training-engine.ts';
export type { Decoder, ParameterLayout, StepOptions, StepResult, TensorSpec, TrainingEngine } from './model/types.ts';
export type { Backend } from './numerics/backend.ts';
export type { LearningConfig, ModelConfig } from './params/genesis.ts';
export { isPolError, PolError } from './primitives/errors.ts';

/**
 * The WebAssembly backend (one thread), after it has passed its self-test; with relaxed SIMD where the engine has it.
 * @param bytes kernels/pol-kernels.wasm; default: the fastest module this engine can run, fetched from where the package has it
 * @throws NUMERICS_SELF_TEST_FAILED when this engine computes other bits; TypeError or the engine's CompileError when the module
 * cannot be fetched or compiled (no SIMD)
 */
export async function loadWasmBackend(bytes?: Uint8Array): Promise<Backend> {
  const name = bytes === undefined && hasRelaxedSimd() ? 'wasm-relaxed' : 'wasm';
  const backend = createWasmBackend(await webAssembly.compile(bytes ?? (await fetchKernels(name))), name);
  selfTest(backend);
  return backend;
}

/** The package keeps its modules beside dist/. */
async function fetchKernels(name: WasmBackendName): Promise<Uint8Array> {
  const url = new URL(`../kernels/${WASM_KERNELS[name]}`, import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new TypeError(`${url.href}: HTTP ${response.status}; serve kernels/ beside dist/`);
  return new Uint8Array(await response.arrayBuffer());
}
