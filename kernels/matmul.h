/* Matrix product: blocks of both operands are packed, then multiplied tile by tile (Goto and van de Geijn, 2008). */
#ifndef POL_MATMUL_H
#define POL_MATMUL_H

#include "product.h"
#include "runtime.h"

#define BLOCK_WORDS 256    /* of each chain */
#define BLOCK_ROWS 1536    /* a multiple of every MR */
#define BLOCK_COLUMNS 1024 /* a multiple of every NR */
#define GROUP_ROWS 96      /* rows a task packs or multiplies; a multiple of every MR */

typedef struct {
  PolArena *arena;
  const float *a, *b;
  float *c;
  long a_row, a_step, b_column, b_step, ldc;
  /* Of the current block. */
  long rows, columns, k;
  long row_groups, column_groups;
  uint32_t *left, *right;
  int accumulate;
} MatmulJob;

static void matmul_pack_task(void *argument, long unit, int thread) {
  (void)thread;
  MatmulJob *job = argument;
  vi over = {0};
  if (unit < job->row_groups) {
    const long i = unit * GROUP_ROWS;
    pack_left(job->left + i * words_of(job->k), job->a + i * job->a_row, job->a_row, job->a_step, min_long(GROUP_ROWS, job->rows - i),
              job->k, &over);
  } else {
    const long j = (unit - job->row_groups) * NR;
    pack_right(job->right + j * words_of(job->k), job->b + j * job->b_column, job->b_column, job->b_step,
               min_long(NR, job->columns - j), job->k, &over);
  }
  if (vi_any(over)) pol_diverged(job->arena, POL_DIVERGED_OPERAND);
}

static void matmul_multiply_task(void *argument, long unit, int thread) {
  (void)thread;
  MatmulJob *job = argument;
  const long kw = words_of(job->k);
  const long j = unit / job->row_groups * NR;
  const long i = unit % job->row_groups * GROUP_ROWS;
  const long columns = min_long(NR, job->columns - j);
  const Right right = {job->right + j * kw, columns, kw};
  product(job->left + i * kw, right, job->c + i * job->ldc + j, job->ldc, min_long(GROUP_ROWS, job->rows - i), columns, kw,
          job->accumulate);
}

/* Length of a block when n is split evenly into as few as possible of at most `most`, in multiples of `unit`. */
INLINE long even_block(long n, long most, long unit) { return min_long(n, round_up(ceil_div(n, ceil_div(n, most)), unit)); }

static int matmul(PolArena *arena, int mode, long m, long n, long k, const float *a, const float *b, float *c, int accumulate) {
  const long k_block = even_block(k, BLOCK_WORDS * WORD_OPERANDS, WORD_OPERANDS);
  const long m_block = even_block(m, BLOCK_ROWS, GROUP_ROWS);
  const long n_block = even_block(n, BLOCK_COLUMNS, NR);
  const size_t left_size = (size_t)round_up(left_words(m_block, k_block), 16);
  const size_t right_size = (size_t)right_words(n_block, k_block);
  if (!pol_reserve(arena->pool, (left_size + right_size) * 4)) return 0;
  MatmulJob job = {.arena = arena, .ldc = n};
  job.left = pol_scratch(arena->pool, 0);
  job.right = job.left + left_size;
  job.a_row = mode == 2 ? 1 : k;
  job.a_step = mode == 2 ? m : 1;
  job.b_column = mode == 1 ? k : 1;
  job.b_step = mode == 1 ? 1 : n;
  for (long j = 0; j < n; j += n_block) {
    job.columns = min_long(n_block, n - j);
    job.column_groups = ceil_div(job.columns, NR);
    for (long p = 0; p < k; p += k_block) {
      job.k = min_long(k_block, k - p);
      job.accumulate = accumulate || p > 0;
      job.b = b + j * job.b_column + p * job.b_step;
      for (long i = 0; i < m; i += m_block) {
        job.rows = min_long(m_block, m - i);
        job.row_groups = ceil_div(job.rows, GROUP_ROWS);
        job.a = a + i * job.a_row + p * job.a_step;
        job.c = c + i * n + j;
        pol_parallel(arena->pool, matmul_pack_task, &job, job.row_groups + (i == 0 ? job.column_groups : 0));
        pol_parallel(arena->pool, matmul_multiply_task, &job, job.row_groups * job.column_groups);
      }
    }
  }
  return 1;
}

#endif
