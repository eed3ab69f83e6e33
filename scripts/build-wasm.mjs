// Builds kernels/pol-kernels.wasm, which is committed, with the pinned @yowasp/clang: the same bytes on every machine.
// Usage: node scripts/build-wasm.mjs [--check]     --check: compares with the committed file instead of writing it
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runClang } from '@yowasp/clang';
import { WASM_FLAGS } from './kernel-flags.mjs';
import { tileAssembly } from './wasm-tile.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const kernels = path.join(root, 'kernels');

/** Two modules of the same bits: SIMD128 alone, and with the fused multiply-add of the relaxed instructions. */
const MODULES = [
  { name: 'pol-kernels.wasm', relaxed: false },
  { name: 'pol-kernels-relaxed.wasm', relaxed: true },
];
const COMPILE = [...WASM_FLAGS, '-DPOL_RUN=pol_run_wasm'];
const LINK = ['-Wl,--no-entry', '-Wl,--import-memory', '-Wl,--export=__heap_base', '-Wl,--strip-all', '-Wl,-z,stack-size=65536'];

async function sources(relaxed) {
  const tree = { 'tile.s': tileAssembly({ relaxed }) };
  for (const name of await readdir(kernels)) {
    if (name.endsWith('.h') || name === 'kernels.c' || name === 'wasm.c') tree[name] = await readFile(path.join(kernels, name), 'utf8');
  }
  return tree;
}

async function build(name, relaxed) {
  let log = '';
  const print = (bytes) => {
    if (bytes !== null) log += new TextDecoder().decode(bytes);
  };
  try {
    const files = await runClang(
      ['clang', ...COMPILE, relaxed ? '-mrelaxed-simd' : '-mno-relaxed-simd', ...LINK, 'kernels.c', 'wasm.c', 'tile.s', '-o', name],
      await sources(relaxed),
      {
        stdout: print,
        stderr: print,
        fetchProgress: () => {},
      },
    );
    if (log !== '') console.log(log.trimEnd());
    return files[name];
  } catch (error) {
    // Not as its cause: that one carries every source along.
    throw new Error(`the WebAssembly kernels do not build (${error.message}):\n${log}`);
  }
}

for (const { name, relaxed } of MODULES) {
  const binary = await build(name, relaxed);
  const output = path.join(kernels, name);
  if (!process.argv.includes('--check')) {
    await writeFile(output, binary);
    console.log(`kernels/${name}: ${binary.length} bytes`);
  } else if ((await readFile(output)).equals(binary)) {
    console.log(`kernels/${name} is up to date`);
  } else {
    console.error(`kernels/${name} is not what kernels/ builds to; run node scripts/build-wasm.mjs and commit the result`);
    process.exitCode = 1;
  }
}
