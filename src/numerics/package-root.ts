import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's directory: the same from src/numerics (tests) and from dist/numerics (production). */
const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The committed WebAssembly kernels. */
export const wasmKernelsFile = path.join(packageRoot, 'kernels', 'pol-kernels.wasm');

/** The native kernels, if scripts/build-native.mjs could build them; else undefined. */
export function nativeKernelsFile(): string | undefined {
  const file = path.join(packageRoot, 'build', 'native', 'pol-kernels.node');
  return existsSync(file) ? file : undefined;
}
