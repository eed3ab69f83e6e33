// How compilers are called on kernels/: shared by the two builds and the benchmark of peaks.

/** No contraction, no reassociation: the flags are part of the arithmetic. */
export const NATIVE_FLAGS = [
  '-std=gnu11',
  '-O3',
  '-ffp-contract=off',
  '-fno-fast-math',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-fPIC',
  // A tile's loop that straddles fetch blocks loses a tenth.
  '-falign-loops=64',
  '-Wall',
  '-Wextra',
];
const AVX512 = ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mavx2', '-mfma'];

/** Products of unrounded operands: another arithmetic, for answering (docs/numerics.md). */
const F32_OPERANDS = '-DPOL_OPERANDS_F32';

/** Instruction sets by architecture: what each adds to NATIVE_FLAGS. */
export const VARIANT_FLAGS = {
  x64: {
    amx: [...AVX512, '-mavx512bf16', '-mamx-tile', '-mamx-bf16'],
    avx512bf16: [...AVX512, '-mavx512bf16'],
    avx512: AVX512,
    avx2: ['-mavx2', '-mfma'],
    sse2: [],
    avx512_f32: [...AVX512, F32_OPERANDS],
    avx2_f32: ['-mavx2', '-mfma', F32_OPERANDS],
    sse2_f32: [F32_OPERANDS],
  },
  arm64: { neon: [], neon_f32: [F32_OPERANDS] },
};

/** SIMD128, no contraction, nothing from a C library. Relaxed instructions are allowed per module (scripts/build-wasm.mjs). */
export const WASM_FLAGS = [
  '--target=wasm32',
  '-std=gnu11',
  '-O3',
  '-msimd128',
  '-mbulk-memory',
  '-ffp-contract=off',
  '-fno-math-errno',
  '-ffreestanding',
  '-nostdlib',
  '-Wall',
  '-Wextra',
];
