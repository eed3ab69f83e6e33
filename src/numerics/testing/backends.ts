import { readFile } from 'node:fs/promises';
import type { Backend, Operands } from '../backend.ts';
import { listBackends } from '../backends.ts';
import { createNativeBackend, isF32Variant, loadNativeAddon } from '../native.ts';
import { nativeKernelsFile, wasmKernelsFile } from '../package-root.ts';
import { createWasmBackend } from '../wasm.ts';
import { webAssembly } from '../webassembly.ts';

/** Every compiled backend of an arithmetic that this machine can run, not self-tested: WebAssembly, and each native variant with 1 and 2 threads. */
export async function compiledBackends(
  operands: Operands = 'bf16',
): Promise<readonly { readonly label: string; readonly backend: Backend }[]> {
  const backends: { readonly label: string; readonly backend: Backend }[] = [];
  const modules = operands === 'bf16' ? listBackends().filter((name) => name === 'wasm' || name === 'wasm-relaxed') : [];
  for (const name of modules) {
    backends.push({ label: name, backend: createWasmBackend(await webAssembly.compile(await readFile(wasmKernelsFile(name))), name) });
  }
  const file = nativeKernelsFile();
  if (file === undefined) return backends;
  const addon = loadNativeAddon(file);
  for (const variant of addon.variants()) {
    if (isF32Variant(variant) !== (operands === 'f32')) continue;
    for (const threads of [1, 2]) {
      const backend = createNativeBackend(addon, variant, threads);
      backends.push({ label: `${backend.name}, threads ${threads}`, backend });
    }
  }
  return backends;
}
