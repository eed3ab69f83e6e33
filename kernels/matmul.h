/* Matrix product: blocks of both operands are packed, then multiplied tile by tile (Goto and van de Geijn, 2008). */
#ifndef POL_MATMUL_H
#define POL_MATMUL_H

#include "product.h"
#include "runtime.h"

/* Words of each sum in a panel; whole blocks of a chain. A panel of right operands stays in the second cache (AVX-512), or the first. */
#if VW == 16 && !defined(__AMX_BF16__)
#define PANEL_WORDS 512
#else
#define PANEL_WORDS 256
#endif
#if defined(__wasm__)
/* Left operands, broadcast and so four times as large, are packed for few rows at a time; the panels that pass them fit the second cache. */
#define BLOCK_ROWS 64
#define BLOCK_COLUMNS 512
#define GROUP_ROWS 32
#else
#define BLOCK_ROWS 1536    /* a multiple of GROUP_ROWS */
#define BLOCK_COLUMNS 1024 /* a multiple of every NR */
#define GROUP_ROWS 96      /* rows a task packs or multiplies; a multiple of every MR */
#endif

typedef struct {
  PolArena *arena;
  const float *a, *b;
  float *c;
  long a_row, a_step, b_column, b_step, ldc;
  /* Of the current block. */
  long rows, columns, k;
  long row_groups, column_groups;
  /* Words of one packed group, and of all. */
  long group_words, left_size;
  uint32_t *left, *right;
  Start start;
} MatmulJob;

static void matmul_pack_task(void *argument, long unit, int thread) {
  (void)thread;
  MatmulJob *job = argument;
  vi over = {0};
  if (unit < job->row_groups) {
    const long i = unit * GROUP_ROWS;
    pack_left(job->left + unit * job->group_words, job->a + i * job->a_row, job->a_row, job->a_step, min_long(GROUP_ROWS, job->rows - i),
              job->k, &over);
  } else {
    const long j = (unit - job->row_groups) * NR;
    pack_right(job->right + j * words_of(job->k), job->b + j * job->b_column, job->b_column, job->b_step,
               min_long(NR, job->columns - j), job->k, &over);
  }
  if (any_over(over)) pol_diverged(job->arena, POL_DIVERGED_OPERAND);
}

/* The product of a group of packed rows and a packed panel of columns. */
static void matmul_multiply(const MatmulJob *job, long row_group, long column_group, const uint32_t *panel) {
  const long i = row_group * GROUP_ROWS, j = column_group * NR;
  const long rows = min_long(GROUP_ROWS, job->rows - i), columns = min_long(NR, job->columns - j);
  const Left left = left_of(job->left + row_group * job->group_words, job->a_row == 1, rows, job->k);
  const Right right = {panel, columns, words_of(job->k)};
  MATRIX_UNIT_BEGIN();
  product(left, right, job->c + i * job->ldc + j, job->ldc, rows, columns, right.kw, job->start);
  MATRIX_UNIT_END();
}

/* Neighbouring units share a group of rows: it stays in the second cache while panels pass. */
static void matmul_multiply_task(void *argument, long unit, int thread) {
  (void)thread;
  const MatmulJob *job = argument;
#if defined(__wasm__)
  /* One thread: a whole row of tiles at a time, while their left operands are in the first cache. */
  const long i = unit * GROUP_ROWS, rows = min_long(GROUP_ROWS, job->rows - i);
  const Left left = left_of(job->left + unit * job->group_words, job->a_row == 1, rows, job->k);
  product(left, (Right){job->right, job->columns, words_of(job->k)}, job->c + i * job->ldc, job->ldc, rows, job->columns, words_of(job->k),
          job->start);
#else
  const long column_group = unit % job->column_groups;
  matmul_multiply(job, unit / job->column_groups, column_group, job->right + column_group * NR * words_of(job->k));
#endif
}

/* With a single group of rows a panel is used once: it is packed and multiplied while it is in the nearest cache. */
static void matmul_thin_task(void *argument, long unit, int thread) {
  const MatmulJob *job = argument;
  uint32_t *panel = (uint32_t *)pol_scratch(job->arena->pool, thread) + job->left_size;
  vi over = {0};
  pack_right(panel, job->b + unit * NR * job->b_column, job->b_column, job->b_step, min_long(NR, job->columns - unit * NR), job->k, &over);
  if (any_over(over)) pol_diverged(job->arena, POL_DIVERGED_OPERAND);
  matmul_multiply(job, 0, unit, panel);
}

/* Length of a block when n is split evenly into as few as possible of at most `most`, in multiples of `unit`. */
INLINE long even_block(long n, long most, long unit) { return min_long(n, round_up(ceil_div(n, ceil_div(n, most)), unit)); }

static void matmul_block(MatmulJob *job, int right_is_packed) {
  PolPool *pool = job->arena->pool;
  if (job->row_groups == 1 && job->left_size == job->group_words) {
    matmul_pack_task(job, 0, 0);
    pol_parallel(pool, matmul_thin_task, job, job->column_groups);
  } else {
    pol_parallel(pool, matmul_pack_task, job, job->row_groups + (right_is_packed ? 0 : job->column_groups));
#if defined(__wasm__)
    pol_parallel(pool, matmul_multiply_task, job, job->row_groups);
#else
    pol_parallel(pool, matmul_multiply_task, job, job->row_groups * job->column_groups);
#endif
  }
}

static int matmul(PolArena *arena, int mode, long m, long n, long k, const float *a, const float *b, float *c, int accumulate) {
  const long k_block = even_block(k, PANEL_WORDS * WORD_OPERANDS, CHAIN_BLOCK);
  const long m_block = even_block(m, BLOCK_ROWS, GROUP_ROWS);
  const long n_block = even_block(n, BLOCK_COLUMNS, NR);
  MatmulJob job = {.arena = arena, .ldc = n};
  job.group_words = round_up(left_words(min_long(m, GROUP_ROWS), k_block), LANES);
  job.left_size = job.group_words * ceil_div(m_block, GROUP_ROWS);
  const long right_size = right_words(m <= GROUP_ROWS ? NR : n_block, k_block);
  if (!pol_reserve(arena->pool, (size_t)(job.left_size + right_size) * 4)) return 0;
  job.left = pol_scratch(arena->pool, 0);
  job.right = job.left + job.left_size;
  job.a_row = mode == 2 ? 1 : k;
  job.a_step = mode == 2 ? m : 1;
  job.b_column = mode == 1 ? k : 1;
  job.b_step = mode == 1 ? 1 : n;
  for (long j = 0; j < n; j += n_block) {
    job.columns = min_long(n_block, n - j);
    job.column_groups = ceil_div(job.columns, NR);
    for (long p = 0; p < k; p += k_block) {
      job.k = min_long(k_block, k - p);
      job.start = p > 0 ? START_CONTINUED : accumulate ? START_GIVEN : START_ZERO;
      job.b = b + j * job.b_column + p * job.b_step;
      for (long i = 0; i < m; i += m_block) {
        job.rows = min_long(m_block, m - i);
        job.row_groups = ceil_div(job.rows, GROUP_ROWS);
        job.a = a + i * job.a_row + p * job.a_step;
        job.c = c + i * n + j;
        matmul_block(&job, i > 0);
      }
    }
  }
  return 1;
}

#endif
