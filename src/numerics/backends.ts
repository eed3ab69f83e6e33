import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { messageOf } from '../primitives/errors.ts';
import type { Backend, BackendName, Operands } from './backend.ts';
import { numericsError } from './errors.ts';
import { createNativeBackend, isF32Variant, loadNativeAddon } from './native.ts';
import { nativeKernelsFile, wasmKernelsFile } from './package-root.ts';
import { productTimes } from './product-time.ts';
import { createReferenceBackend } from './reference.ts';
import { selfTest } from './self-test/self-test.ts';
import { createWasmBackend } from './wasm.ts';
import { hasRelaxedSimd, webAssembly } from './webassembly.ts';

export interface BackendSelection {
  /** "auto" (the fastest that passes its self-test), "native" (the fastest native one), or a name as `listBackends` gives them. */
  readonly wanted: string;
  /** Threads of a native backend, the calling one included; the others have one. */
  readonly threads: number;
  /** Left out: bf16, the arithmetic of networks. f32 has no WebAssembly build. */
  readonly operands?: Operands;
}

export interface BackendDependencies {
  /** Told when a backend is passed over: it does not load, or its bits differ. */
  readonly onRefused?: (name: BackendName, reason: string) => void;
  /** Backends to choose from; native ones are tried by measured speed, then the others in this order. Default: those of this machine. */
  readonly candidates?: readonly BackendCandidate[];
  /** Milliseconds, to measure with. */
  readonly now?: () => number;
}

export interface BackendCandidate {
  readonly name: BackendName;
  create(threads: number): Promise<Backend>;
}

const THREADS_MAX = 256;

/** Names of the backends this machine can run: native ones, widest first, WebAssembly, the reference. */
export function listBackends(): readonly BackendName[] {
  return machineCandidates('bf16').map(({ name }) => name);
}

/**
 * Creates a backend after it has passed its self-test.
 *
 * @example
 * const backend = await selectBackend({ wanted: 'auto', threads: 2 });
 * @throws NUMERICS_BACKEND_UNAVAILABLE when nothing of that name runs here; NUMERICS_SELF_TEST_FAILED when a backend named exactly
 * computes other bits; NUMERICS_BAD_ARGUMENT for a wrong number of threads
 */
export async function selectBackend(selection: BackendSelection, dependencies: BackendDependencies = {}): Promise<Backend> {
  const { wanted, threads, operands = 'bf16' } = selection;
  if (!Number.isInteger(threads) || threads < 1 || threads > THREADS_MAX) {
    throw numericsError('NUMERICS_BAD_ARGUMENT', `threads must be a whole number from 1 to ${THREADS_MAX}, got ${threads}`);
  }
  const all = dependencies.candidates ?? machineCandidates(operands, (reason) => dependencies.onRefused?.('native-addon', reason));
  const exact = all.find(({ name }) => name === wanted);
  if (exact !== undefined) return create(exact, threads);

  const family = wanted === 'auto' ? all : wanted === 'native' ? all.filter(isNative) : [];
  const refused = (name: BackendName, error: unknown) => dependencies.onRefused?.(name, messageOf(error));
  const native = await bySpeed(family.filter(isNative), threads, dependencies.now ?? (() => performance.now()), refused);
  for (const candidate of [...native, ...family.filter((other) => !isNative(other))]) {
    try {
      return await create(candidate, threads);
    } catch (error) {
      refused(candidate.name, error);
    }
  }
  const names = all.map(({ name }) => name).join(', ');
  const cure = wanted.startsWith('native') ? '; build the native ones with node scripts/build-native.mjs' : '';
  throw numericsError('NUMERICS_BACKEND_UNAVAILABLE', `backend "${wanted}" is not available here; there are: auto, ${names}${cure}`);
}

function isNative({ name }: BackendCandidate): boolean {
  return name.startsWith('native-');
}

/**
 * Fastest first, measured: which instructions are faster differs between processors that have the same ones (bf16 pairs have half the rate
 * of f32 on some, twice on others).
 */
async function bySpeed(
  candidates: readonly BackendCandidate[],
  threads: number,
  now: () => number,
  refused: (name: BackendName, error: unknown) => void,
): Promise<readonly BackendCandidate[]> {
  if (candidates.length < 2) return candidates;
  const created: Backend[] = [];
  for (const candidate of candidates) {
    try {
      created.push(await candidate.create(threads));
    } catch (error) {
      refused(candidate.name, error);
    }
  }
  const times = productTimes(created, now);
  return created
    .map((backend, i) => ({ candidate: { name: backend.name, create: async () => backend }, time: times[i] as number }))
    .sort((a, b) => a.time - b.time)
    .map(({ candidate }) => candidate);
}

async function create(candidate: BackendCandidate, threads: number): Promise<Backend> {
  const backend = await candidate.create(threads);
  selfTest(backend);
  return backend;
}

/** Node 20 has the relaxed instructions behind a flag that may be set at any time; every backend passes its self-test before use. */
function enableRelaxedSimd(): boolean {
  if (!hasRelaxedSimd()) setFlagsFromString('--experimental-wasm-relaxed-simd');
  return hasRelaxedSimd();
}

function machineCandidates(operands: Operands, onUnusable: (reason: string) => void = () => {}): readonly BackendCandidate[] {
  const candidates: BackendCandidate[] = [];
  const nativeFile = nativeKernelsFile();
  if (nativeFile !== undefined) {
    try {
      const addon = loadNativeAddon(nativeFile);
      for (const variant of addon.variants()) {
        if (isF32Variant(variant) !== (operands === 'f32')) continue;
        candidates.push({ name: `native-${variant}`, create: async (threads) => createNativeBackend(addon, variant, threads) });
      }
    } catch (error) {
      onUnusable(messageOf(error));
    }
  }
  const modules = operands === 'f32' ? [] : enableRelaxedSimd() ? (['wasm-relaxed', 'wasm'] as const) : (['wasm'] as const);
  for (const name of modules) {
    const file = wasmKernelsFile(name);
    if (!existsSync(file)) continue;
    candidates.push({ name, create: async () => createWasmBackend(await webAssembly.compile(await readFile(file)), name) });
  }
  const reference = createReferenceBackend(operands);
  candidates.push({ name: reference.name, create: async () => reference });
  return candidates;
}
