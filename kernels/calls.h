/*
 * Kernels by number. The numbers and the order of arguments are those of src/numerics/compiled-kernels.ts; offsets are in words.
 */
#ifndef POL_CALLS_H
#define POL_CALLS_H

#include "attention.h"
#include "elementwise.h"
#include "matmul.h"
#include "packed.h"
#include "rows.h"

enum {
  FILL, COPY, ADD, SCALE, SUM_OF_SQUARES, ADAMW, SWIGLU_FORWARD, SWIGLU_BACKWARD, EMBED_FORWARD, EMBED_BACKWARD, RMS_NORM_FORWARD,
  RMS_NORM_BACKWARD, ROPE, CROSS_ENTROPY, MATMUL, ATTENTION_FORWARD, ATTENTION_BACKWARD, TAKE_DIVERGENCE, BY_ROWS, TOGETHER,
  PACK_OPERAND, MATMUL_PACKED, ATTENTION_ROWS,
  /* The two halves of RMS_NORM_BACKWARD. */
  RMS_NORM_BACKWARD_ROWS, RMS_NORM_BACKWARD_COLUMNS
};

#define POINTER(i) (words + (size_t)a[i])
#define INTEGERS(i) ((int32_t *)POINTER(i))
#define LONG(i) ((long)a[i])
#define FLOAT(i) ((float)a[i])

static AttentionJob attention_shape(PolArena *arena, const double *a) {
  return (AttentionJob){.arena = arena, .batch = LONG(0), .queries = LONG(1), .key_capacity = LONG(2), .offset = LONG(3),
                        .heads = LONG(4), .kv_heads = LONG(5), .head_dim = LONG(6)};
}

/* Runs one kernel with the arguments `a`; NaN when out of memory. ROPE's first row is row `first` of its sequences. */
static double run_call(PolArena *arena, int kernel, const double *a, long first) {
  float *words = arena->words;
  RowJob rows = {.arena = arena};
  ElementJob elements = {.arena = arena};
  switch (kernel) {
    case FILL: /* x, n, value */
      elements.a = POINTER(0), elements.n = LONG(1), elements.s = FLOAT(2);
      by_elements(&elements, fill_task);
      return 0;
    case COPY: /* destination, source, n */
      elements.a = POINTER(0), elements.x = POINTER(1), elements.n = LONG(2);
      if (elements.a + elements.n <= elements.x || elements.x + elements.n <= elements.a) by_elements(&elements, copy_task);
      else memmove(elements.a, elements.x, (size_t)elements.n * 4);
      return 0;
    case ADD: /* y, x, n */
      elements.a = POINTER(0), elements.x = POINTER(1), elements.n = LONG(2);
      by_elements(&elements, add_task);
      return 0;
    case SCALE: /* x, n, s */
      elements.a = POINTER(0), elements.n = LONG(1), elements.s = FLOAT(2);
      by_elements(&elements, scale_task);
      return 0;
    case SUM_OF_SQUARES: /* x, n */
      elements.x = POINTER(0), elements.n = LONG(1);
      return sum_of_squares(&elements);
    case ADAMW: /* w, m, v, g, n, then the step */
      elements.a = POINTER(0), elements.b = POINTER(1), elements.c = POINTER(2), elements.x = POINTER(3), elements.n = LONG(4);
      elements.step = (AdamwStep){FLOAT(5),  FLOAT(6),  FLOAT(7),  FLOAT(8),  FLOAT(9),
                                  FLOAT(10), FLOAT(11), FLOAT(12), FLOAT(13), FLOAT(14)};
      by_elements(&elements, adamw_task);
      return 0;
    case SWIGLU_FORWARD: /* out, gate, up, n */
      elements.a = POINTER(0), elements.x = POINTER(1), elements.y = POINTER(2), elements.n = LONG(3);
      by_elements(&elements, swiglu_forward_task);
      return 0;
    case SWIGLU_BACKWARD: /* dGate, dUp, dOut, gate, up, n */
      elements.a = POINTER(0), elements.b = POINTER(1), elements.z = POINTER(2), elements.x = POINTER(3), elements.y = POINTER(4);
      elements.n = LONG(5);
      by_elements(&elements, swiglu_backward_task);
      return 0;
    case EMBED_FORWARD: /* out, table, tokens, rows, dim */
      rows.out = POINTER(0), rows.x = POINTER(1), rows.tokens = INTEGERS(2), rows.rows = LONG(3), rows.dim = LONG(4);
      by_rows(&rows, embed_forward_task, rows.dim);
      return 0;
    case EMBED_BACKWARD: /* dTable, dOut, tokens, rows, dim */
      rows.out = POINTER(0), rows.x = POINTER(1), rows.tokens = INTEGERS(2), rows.rows = LONG(3), rows.dim = LONG(4);
      pol_parallel(arena->pool, embed_backward_task, &rows, ceil_div(rows.dim, COLUMN_BLOCK));
      return 0;
    case RMS_NORM_FORWARD: /* out, rstd, x, weight, rows, dim, eps */
      rows.out = POINTER(0), rows.aux = POINTER(1), rows.x = POINTER(2), rows.w = POINTER(3), rows.rows = LONG(4), rows.dim = LONG(5);
      rows.eps = FLOAT(6);
      by_rows(&rows, rms_norm_forward_task, rows.dim);
      return 0;
    case RMS_NORM_BACKWARD: /* dx, dWeight, dOut, x, weight, rstd, rows, dim */
    case RMS_NORM_BACKWARD_ROWS:
    case RMS_NORM_BACKWARD_COLUMNS:
      rows.out = POINTER(0), rows.aux = POINTER(1), rows.x = POINTER(2), rows.y = POINTER(3), rows.w = POINTER(4), rows.z = POINTER(5);
      rows.rows = LONG(6), rows.dim = LONG(7);
      if (kernel != RMS_NORM_BACKWARD_COLUMNS) by_rows(&rows, rms_norm_backward_rows_task, rows.dim);
      if (kernel != RMS_NORM_BACKWARD_ROWS) {
        pol_parallel(arena->pool, rms_norm_backward_columns_task, &rows, ceil_div(rows.dim, COLUMN_BLOCK));
      }
      return 0;
    case ROPE: /* x, cos, sin, rows, rowsPerSequence, offset, heads, headDim, inverse */
      rows.out = POINTER(0), rows.x = POINTER(1), rows.y = POINTER(2), rows.rows = LONG(3), rows.rows_per_sequence = LONG(4);
      rows.offset = LONG(5), rows.heads = LONG(6), rows.dim = LONG(7), rows.inverse = a[8] != 0, rows.first = first;
      by_rows(&rows, rope_task, rows.heads * rows.dim);
      return 0;
    case CROSS_ENTROPY: /* loss, correct, logits, targets, rows, vocab, scale */
      rows.aux = POINTER(0), rows.correct = INTEGERS(1), rows.out = POINTER(2), rows.tokens = INTEGERS(3), rows.rows = LONG(4);
      rows.dim = LONG(5), rows.eps = FLOAT(6);
      by_rows(&rows, cross_entropy_task, rows.dim);
      return 0;
    case MATMUL: /* mode, m, n, k, a, b, c, accumulate */
      return matmul(arena, (int)a[0], LONG(1), LONG(2), LONG(3), POINTER(4), POINTER(5), POINTER(6), a[7] != 0) ? 0 : __builtin_nan("");
    case PACK_OPERAND: { /* packed, b, n, k */
      PackedJob job = {.arena = arena, .packed = (uint32_t *)POINTER(0), .b = POINTER(1), .n = LONG(2), .k = LONG(3)};
      pack_operand(&job);
      return 0;
    }
    case MATMUL_PACKED: { /* m, n, k, a, packed, c */
      PackedJob job = {.arena = arena, .m = LONG(0), .n = LONG(1), .k = LONG(2), .a = POINTER(3), .packed = (uint32_t *)POINTER(4),
                       .c = POINTER(5)};
      return matmul_packed(&job) ? 0 : __builtin_nan("");
    }
    case ATTENTION_FORWARD: { /* shape (7), out, stats, q, k, v */
      AttentionJob job = attention_shape(arena, a);
      job.out = POINTER(7), job.stats = POINTER(8), job.q = POINTER(9), job.k = POINTER(10), job.v = POINTER(11);
      return attention(&job, 0) ? 0 : __builtin_nan("");
    }
    case ATTENTION_ROWS: { /* rows, keyCapacity, heads, kvHeads, headDim, out, stats, q, k, v, slots, positions */
      AttentionJob job = {.arena = arena, .batch = LONG(0), .key_capacity = LONG(1), .heads = LONG(2), .kv_heads = LONG(3), .head_dim = LONG(4)};
      job.out = POINTER(5), job.stats = POINTER(6), job.q = POINTER(7), job.k = POINTER(8), job.v = POINTER(9);
      return attention_rows(&job, INTEGERS(10), INTEGERS(11)) ? 0 : __builtin_nan("");
    }
    case ATTENTION_BACKWARD: { /* shape (7), dq, dk, dv, dOut, stats, q, k, v */
      AttentionJob job = attention_shape(arena, a);
      job.dq = POINTER(7), job.dk = POINTER(8), job.dv = POINTER(9), job.d_out = POINTER(10), job.stats = POINTER(11);
      job.q = POINTER(12), job.k = POINTER(13), job.v = POINTER(14);
      return attention(&job, 1) ? 0 : __builtin_nan("");
    }
    case TAKE_DIVERGENCE: {
      const uint32_t flags = arena->divergence;
      arena->divergence = 0;
      return flags;
    }
  }
  return __builtin_nan("");
}

#endif
