// The register tile of products as WebAssembly assembly: compilers order its instructions in ways that cost a third of its speed.
//
// Relaxed SIMD has a multiply-add, fused or not as the machine has it; products of two bf16 values are exact, so both are the same bits
// (kernels/simd.h). It takes half the instructions, and only the loads have to be kept apart. Without it:
// Processors finish two multiplications and two additions a cycle only when they arrive in pairs (multiply, multiply, add, add), with loads
// between them. Two things in V8's way of ordering have to be met (V8 11; later versions keep the order written here):
// - In a block of straight code it puts all loads first, then runs out of registers. So a branch that is never taken ends a block after
//   every PAIR rows. Its condition differs each time, or it would be removed; it stores the sums, or additions would move past it.
// - Pure operations go as late as they can, each chain by itself (multiply, add, multiply, add). The two sums of a row stay together
//   because, after each chain, one operation uses both: a selection under a constant mask, which changes nothing.

/** Rows, vectors of a row (MR and NV in kernels/product.h), steps of a chain in one block of steps. */
const ROWS = 4;
const VECTORS = 2;
const CHAIN_STEPS = 16;
const VECTOR_BYTES = 16;
/** Steps alternate between the chains. */
const CHAINS = 2;

const [COUNT, LEFT, RIGHT, TARGET, STRIDE, SPARE] = [0, 1, 2, 3, 4, 5];
const FIRST_VECTOR = 6;
const sum = (i, j) => FIRST_VECTOR + i * VECTORS + j;
const column = (j) => sum(ROWS, j);
const product = (j) => sum(ROWS + 1, j);
const ROW = sum(ROWS + 2, 0);
const POINTER = ROW + 1;

const range = (n) => Array.from({ length: n }, (_, i) => i);
const cells = (of) => range(ROWS).flatMap((i) => range(VECTORS).flatMap((j) => of(i, j)));
const get = (local) => `local.get ${local}`;
const set = (local) => `local.set ${local}`;
const load = (pointer, vector, local) => [get(pointer), `v128.load ${vector * VECTOR_BYTES}:p2align=2`, set(local)];
const advance = (pointer, bytes) => [get(pointer), `i32.const ${bytes}`, 'i32.add', set(pointer)];

/** sums += row i of the left panel × the columns, as words of the step lie in memory: every left word four times. */
function rowOfStep(step, i, relaxed) {
  const word = load(LEFT, step * ROWS + i, ROW);
  if (relaxed) {
    const add = (j) => [get(ROW), get(column(j)), get(sum(i, j)), 'f32x4.relaxed_madd', set(sum(i, j))];
    return [...word, ...range(VECTORS).flatMap(add)];
  }
  return [
    ...word,
    ...range(VECTORS).flatMap((j) => [get(ROW), get(column(j)), 'f32x4.mul', set(product(j))]),
    ...range(VECTORS).flatMap((j) => [get(sum(i, j)), get(product(j)), 'f32x4.add', set(sum(i, j))]),
  ];
}

const columnsOfStep = (step) => range(VECTORS).flatMap((j) => load(RIGHT, step * VECTORS + j, column(j)));

/** Counters are never negative. */
const neverTaken = (number) => [get(COUNT), `i32.const ${-1 - number}`, 'i32.eq', 'br_if 1'];

/** Keeps the sums of a row together: each becomes itself where the mask is ones. */
const bindRows = cells((i, j) =>
  [get(sum(i, j)), get(sum(i, 1 - j)), 'v128.const -1, -1, -1, -1', 'v128.bitselect', set(column(j))].concat(
    j === VECTORS - 1 ? range(VECTORS).flatMap((k) => [get(column(k)), set(sum(i, k))]) : [],
  ),
);

const clearSums = cells((i, j) => ['v128.const 0, 0, 0, 0', set(sum(i, j))]);

/** One of a block's chains: steps `first`, first + 2, …; a block of code ends every few rows. */
function chain(first, relaxed) {
  const rows = relaxed ? ROWS : ROWS / 2;
  const rowsOf = (step) =>
    range(ROWS).flatMap((i) => [...rowOfStep(step, i, relaxed), ...((i + 1) % rows === 0 ? neverTaken(step * ROWS + i) : [])]);
  const steps = range(CHAIN_STEPS).map((turn) => first + turn * CHAINS);
  return [...clearSums, ...steps.flatMap((step) => [...columnsOfStep(step), ...rowsOf(step)]), ...(relaxed ? [] : bindRows)];
}

const spare = (i, j) => (i * VECTORS + j) * VECTOR_BYTES;
const keepEven = cells((i, j) => [get(SPARE), get(sum(i, j)), `v128.store ${spare(i, j)}:p2align=4`]);

/** Row by row of the target. */
const eachRow = (of) =>
  range(ROWS).flatMap((i) => [...of(i), ...(i < ROWS - 1 ? [get(POINTER), get(STRIDE), 'i32.add', set(POINTER)] : [])]);

/** c = c + (even + odd) */
const join = [
  get(TARGET),
  set(POINTER),
  ...eachRow((i) =>
    range(VECTORS).flatMap((j) => {
      const at = j * VECTOR_BYTES;
      const even = [get(SPARE), `v128.load ${spare(i, j)}:p2align=4`, get(sum(i, j)), 'f32x4.add'];
      return [get(POINTER), get(POINTER), `v128.load ${at}:p2align=2`, ...even, 'f32x4.add', `v128.store ${at}:p2align=2`];
    }),
  ),
];

/** Where never-taken branches lead: all sums are needed there. */
const storeSums = cells((i, j) => [get(SPARE), get(sum(i, j)), `v128.store ${spare(i, j)}:p2align=4`]);

/**
 * Source of `pol_tile(blocks, left, right, c, stride, spare)`: the tile c[4, 8] (rows `stride` bytes apart) gets the sums of 32·blocks steps
 * of packed panels in the canonical order; blocks is at least 1, `spare` has room for a tile.
 */
export function tileAssembly({ relaxed }) {
  const lines = [
    `.functype pol_tile (${Array(FIRST_VECTOR).fill('i32').join(', ')}) -> ()`,
    `.local ${Array(ROW - FIRST_VECTOR + 1)
      .fill('v128')
      .join(', ')}, i32`,
    'block',
    'loop',
    ...chain(0, relaxed),
    ...keepEven,
    ...chain(1, relaxed),
    ...join,
    ...advance(LEFT, CHAINS * CHAIN_STEPS * ROWS * VECTOR_BYTES),
    ...advance(RIGHT, CHAINS * CHAIN_STEPS * VECTORS * VECTOR_BYTES),
    ...[get(COUNT), 'i32.const -1', 'i32.add', `local.tee ${COUNT}`, 'br_if 0'],
    'end_loop',
    'return',
    'end_block',
    ...storeSums,
    'end_function',
  ];
  const head = ['.text', '.globl pol_tile', '.type pol_tile,@function'];
  return `${head.map((line) => `\t${line}\n`).join('')}pol_tile:\n${lines.map((line) => `\t${line}\n`).join('')}`;
}
