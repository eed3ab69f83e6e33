import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { WASM_KERNELS, type WasmBackendName } from './wasm.ts';

/** The package's directory: the same from src/numerics (tests) and from dist/numerics (production). */
const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The committed WebAssembly kernels of a backend. */
export function wasmKernelsFile(name: WasmBackendName): string {
  return path.join(packageRoot, 'kernels', WASM_KERNELS[name]);
}

/** The native kernels, if scripts/build-native.mjs could build them; else undefined. */
export function nativeKernelsFile(): string | undefined {
  const file = path.join(packageRoot, 'build', 'native', 'pol-kernels.node');
  return existsSync(file) ? file : undefined;
}
