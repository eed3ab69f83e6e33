// The register tile of products as WebAssembly assembly: compilers order its instructions in ways that cost a third of its speed.
//
// Processors finish two multiplications and two additions a cycle only when they arrive in pairs (multiply, multiply, add, add), with loads
// between them. Two things in V8's way of ordering have to be met (V8 11; later versions keep the order written here):
// - In a block of straight code it puts all loads first, then runs out of registers. So a branch that is never taken ends a block after
//   every PAIR rows. Its condition differs each time, or it would be removed; it stores the sums, or additions would move past it.
// - Pure operations go as late as they can, each chain by itself (multiply, add, multiply, add). The two sums of a row stay together
//   because, after the loop, one operation uses both: a selection under a constant mask, which changes nothing.

/** Rows, vectors of a row, steps in one turn of the loop, rows in one block. kernels/product.h has the first two as MR and NV. */
const ROWS = 4;
const VECTORS = 2;
const STEPS = 8;
const BLOCK_ROWS = 2;
const VECTOR_BYTES = 16;

const [COUNT, REST, LEFT, RIGHT, TARGET, STRIDE, CONTINUED] = [0, 1, 2, 3, 4, 5, 6];
const FIRST_VECTOR = 7;
const sum = (i, j) => FIRST_VECTOR + i * VECTORS + j;
const column = (j) => sum(ROWS, j);
const product = (j) => sum(ROWS + 1, j);
const ROW = sum(ROWS + 2, 0);

const range = (n) => Array.from({ length: n }, (_, i) => i);
const cells = (of) => range(ROWS).flatMap((i) => range(VECTORS).flatMap((j) => of(i, j)));
const get = (local) => `local.get ${local}`;
const set = (local) => `local.set ${local}`;
const load = (pointer, vector, local) => [get(pointer), `v128.load ${vector * VECTOR_BYTES}:p2align=2`, set(local)];
const advance = (pointer, bytes) => [get(pointer), `i32.const ${bytes}`, 'i32.add', set(pointer)];

/** sums += row i of the left panel × the columns, as words of the step lie in memory: every left word four times. */
function rowOfStep(step, i) {
  return [
    ...load(LEFT, step * ROWS + i, ROW),
    ...range(VECTORS).flatMap((j) => [get(ROW), get(column(j)), 'f32x4.mul', set(product(j))]),
    ...range(VECTORS).flatMap((j) => [get(sum(i, j)), get(product(j)), 'f32x4.add', set(sum(i, j))]),
  ];
}

const columnsOfStep = (step) => range(VECTORS).flatMap((j) => load(RIGHT, step * VECTORS + j, column(j)));

/** The turns of a loop of `steps` steps each, counted down in `counter`; `endBlock` follows every few rows. */
function loop(counter, steps, endBlock) {
  const body = range(steps).flatMap((step) => [
    ...columnsOfStep(step),
    ...range(ROWS).flatMap((i) => [...rowOfStep(step, i), ...((i + 1) % BLOCK_ROWS === 0 ? endBlock(step * ROWS + i) : [])]),
  ]);
  return [
    'loop',
    ...body,
    ...advance(LEFT, steps * ROWS * VECTOR_BYTES),
    ...advance(RIGHT, steps * VECTORS * VECTOR_BYTES),
    ...[get(counter), 'i32.const -1', 'i32.add', `local.tee ${counter}`, 'br_if 0'],
    'end_loop',
  ];
}

/** Counters are never negative. */
const neverTaken = (number) => [get(COUNT), `i32.const ${-1 - number}`, 'i32.eq', 'br_if 2'];

/** Keeps the sums of a row together: each becomes itself where the mask is ones. */
const bindRows = cells((i, j) =>
  [get(sum(i, j)), get(sum(i, 1 - j)), 'v128.const -1, -1, -1, -1', 'v128.bitselect', set(column(j))].concat(
    j === VECTORS - 1 ? range(VECTORS).flatMap((k) => [get(column(k)), set(sum(i, k))]) : [],
  ),
);

/** Loads or stores of all sums, row by row of the target. */
const eachRow = (pointer, of) =>
  range(ROWS).flatMap((i) => [...of(i), ...(i < ROWS - 1 ? [get(pointer), get(STRIDE), 'i32.add', set(pointer)] : [])]);
const store = (i) => range(VECTORS).flatMap((j) => [get(TARGET), get(sum(i, j)), `v128.store ${j * VECTOR_BYTES}:p2align=2`]);

/**
 * Source of `pol_tile(turns, rest, left, right, c, stride, continued)`: the tile c[4, 8] (rows `stride` bytes apart) gets the sums over
 * 8·turns + rest steps of packed panels, each sum one ascending chain from +0, or from c when `continued`.
 */
export function tileAssembly() {
  const end = 'end_block';
  const lines = [
    `.functype pol_tile (${Array(FIRST_VECTOR).fill('i32').join(', ')}) -> ()`,
    `.local ${Array(ROW - FIRST_VECTOR + 1)
      .fill('v128')
      .join(', ')}, i32`,
    ...[get(CONTINUED), 'if', get(TARGET), set(ROW + 1)],
    ...eachRow(ROW + 1, (i) => range(VECTORS).flatMap((j) => load(ROW + 1, j, sum(i, j)))),
    'end_if',
    ...['block', 'block', get(COUNT), 'i32.eqz', 'br_if 0'],
    ...loop(COUNT, STEPS, neverTaken),
    ...bindRows,
    end,
    ...['block', get(REST), 'i32.eqz', 'br_if 0'],
    ...loop(REST, 1, () => []),
    end,
    ...eachRow(TARGET, store),
    'return',
    end,
    ...eachRow(TARGET, store),
    'end_function',
  ];
  const head = ['.text', '.globl pol_tile', '.type pol_tile,@function'];
  return `${head.map((line) => `\t${line}\n`).join('')}pol_tile:\n${lines.map((line) => `\t${line}\n`).join('')}`;
}
