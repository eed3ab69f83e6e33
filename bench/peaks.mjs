// Peak rates of multiply-adds (peak.c), for each instruction set that can be compiled and run here.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runClang } from '@yowasp/clang';
import { NATIVE_FLAGS, VARIANT_FLAGS, WASM_FLAGS } from '../scripts/kernel-flags.mjs';
import { fastest } from './timing.mjs';

const run = promisify(execFile);
const directory = path.dirname(fileURLToPath(import.meta.url));
const source = path.join(directory, 'peak.c');
const kernels = path.join(directory, '..', 'kernels');
const WASM_ROUNDS = 200_000;

/** GFLOP/s of one thread by backend name; what cannot be compiled is left out. */
export async function measurePeaks(names) {
  const peaks = new Map();
  for (const name of names) {
    const peak = name.startsWith('wasm') ? await wasmPeak() : await nativePeak(name.replace('native-', ''));
    if (peak !== undefined) peaks.set(name, peak);
  }
  return peaks;
}

async function nativePeak(variant) {
  const flags = VARIANT_FLAGS[process.arch]?.[variant];
  if (flags === undefined) return undefined;
  const temporary = await mkdtemp(path.join(tmpdir(), 'pol-peak-'));
  try {
    const program = path.join(temporary, 'peak');
    await run(process.env.CC ?? 'cc', [...NATIVE_FLAGS, ...flags, `-I${kernels}`, source, '-o', program]);
    const { stdout } = await run(program);
    return Number(stdout);
  } catch (error) {
    console.log(`  ${variant}: no peak (${error.message.split('\n')[0]})`);
    return undefined;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function wasmPeak() {
  const headers = ['bf16.h', 'simd.h'];
  const sources = headers.map(async (name) => [name, await readFile(path.join(kernels, name), 'utf8')]);
  const tree = { kernels: Object.fromEntries(await Promise.all(sources)), bench: { 'peak.c': await readFile(source, 'utf8') } };
  const exported = ['pol_peak', 'pol_peak_operations'].map((name) => `-Wl,--export=${name}`);
  const silent = { stdout: () => {}, stderr: () => {}, fetchProgress: () => {} };
  const files = await runClang(
    ['clang', ...WASM_FLAGS, '-mno-relaxed-simd', '-Ikernels', '-Wl,--no-entry', ...exported, 'bench/peak.c', '-o', 'peak.wasm'],
    tree,
    silent,
  );
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(files['peak.wasm']));
  const seconds = fastest(() => exports.pol_peak(WASM_ROUNDS, 0), { leastSeconds: 0.5 });
  return (WASM_ROUNDS * exports.pol_peak_operations()) / seconds / 1e9;
}
