/*
 * Causal attention as small matrix products. A task is one sequence and one key/value head, so that the chains of dK and dV, which run
 * over the query heads of a group, never cross threads. Masked scores are -Infinity: they become probabilities of +0, and a chain's
 * step by zero changes nothing, so blocks may reach beyond the diagonal.
 */
#ifndef POL_ATTENTION_H
#define POL_ATTENTION_H

#include "elementary.h"
#include "product.h"
#include "runtime.h"

#define QUERY_BLOCK 96 /* rows; a multiple of every MR and of CHAIN_BLOCK */

typedef struct {
  PolArena *arena;
  float *out, *dq, *dk, *dv;
  float *stats;
  const float *q, *k, *v, *d_out;
  long batch, queries, key_capacity, offset, heads, kv_heads, head_dim;
  float scale;
} AttentionJob;

/* Scratch of one task, in words; every part starts at a cache line. */
typedef struct {
  uint32_t *keys, *values, *keys_by_dim;
  uint32_t *left, *right;
  float *scores, *products;
  long row;
} AttentionScratch;

static size_t attention_layout(AttentionScratch *s, uint32_t *base, const AttentionJob *job, int backward) {
  const long visible = job->offset + job->queries;
  const long dim = job->head_dim;
  const long sizes[] = {
      right_words(visible, dim),
      backward ? right_words(visible, dim) : right_words(dim, visible),
      backward ? right_words(dim, visible) : 0,
      max_long(left_words(QUERY_BLOCK, max_long(visible, dim)), left_words(visible, QUERY_BLOCK)),
      backward ? right_words(dim, QUERY_BLOCK) : 0,
      QUERY_BLOCK * round_up(visible, LANES),
      backward ? QUERY_BLOCK * round_up(visible, LANES) : 0,
  };
  uint32_t *parts[7];
  size_t used = 0;
  for (int i = 0; i < 7; i++) {
    parts[i] = base == NULL ? NULL : base + used;
    used += (size_t)round_up(sizes[i], 16);
  }
  *s = (AttentionScratch){parts[0], parts[1], parts[2], parts[3], parts[4], (float *)parts[5], (float *)parts[6], round_up(visible, LANES)};
  return used;
}

/* Scales the visible scores of a row, hides those after them up to a multiple of 16; returns the maximum. */
static float scale_scores(float *row, long visible, float scale) {
  const vf hidden = vf_splat(-__builtin_inff());
  Lanes most;
  UNROLL for (int l = 0; l < LANE_VECTORS; l++) most.v[l] = hidden;
  for (long j = 0; j < visible; j += LANES) {
    const int32_t left = (int32_t)min_long(visible - j, LANES);
    UNROLL for (int l = 0; l < LANE_VECTORS; l++) {
      vf s = vf_load(row + j + l * VW) * scale;
      if (left < LANES) s = vf_select(lane_numbers(l) < left, s, hidden);
      vf_store(row + j + l * VW, s);
      most.v[l] = vf_max(s, most.v[l]);
    }
  }
  return lanes_max(most);
}

/* +0 from `from`, rounded up to a multiple of 16, to `end`. */
INLINE void clear_rest(float *row, long from, long end) {
  for (long j = round_up(from, LANES); j < end; j += VW) vf_store(row + j, (vf){0});
}

/* From the scores of a row to their softmax, +0 for hidden ones up to `end`; leaves maximum and 1/z in `stat`. */
static void softmax_scores(float *row, long visible, long end, float scale, float *stat) {
  const float max = scale_scores(row, visible, scale);
  Lanes sum = lanes_zero();
  for (long j = 0; j < visible; j += LANES) {
    UNROLL for (int l = 0; l < LANE_VECTORS; l++) {
      vf e = vf_exp(vf_load(row + j + l * VW) - max);
      vf_store(row + j + l * VW, e);
      sum.v[l] = sum.v[l] + e;
    }
  }
  const float z = 1.0f / lanes_sum(sum);
  for (long j = 0; j < visible; j += VW) vf_store(row + j, vf_load(row + j) * z);
  clear_rest(row, visible, end);
  stat[0] = max;
  stat[1] = z;
}

static void attention_forward_task(void *argument, long unit, int thread) {
  const AttentionJob *job = argument;
  const long b = unit / job->kv_heads, g = unit % job->kv_heads;
  const long dim = job->head_dim, visible = job->offset + job->queries, group = job->heads / job->kv_heads;
  const long kv_row = job->kv_heads * dim, q_row = job->heads * dim;
  AttentionScratch s;
  attention_layout(&s, pol_scratch(job->arena->pool, thread), job, 0);
  vi over = {0};
  const long kv = b * job->key_capacity * kv_row + g * dim;
  pack_right(s.keys, job->k + kv, kv_row, 1, visible, dim, &over);
  pack_right(s.values, job->v + kv, 1, kv_row, dim, visible, &over);
  const Right keys = {s.keys, visible, words_of(dim)};
  const Right values = {s.values, dim, words_of(visible)};

  MATRIX_UNIT_BEGIN();
  for (long h = g * group; h < (g + 1) * group; h++) {
    for (long first = 0; first < job->queries; first += QUERY_BLOCK) {
      const long rows = min_long(QUERY_BLOCK, job->queries - first);
      Left left;
      const long seen = job->offset + first + rows;
      const long q = (b * job->queries + first) * q_row + h * dim;
      left = pack_left(s.left, job->q + q, q_row, 1, rows, dim, &over);
      product(left, keys, s.scores, s.row, rows, round_up(seen, VW), words_of(dim), START_ZERO);
      for (long i = 0; i < rows; i++) {
        float *stat = job->stats + ((b * job->heads + h) * job->queries + first + i) * 2;
        softmax_scores(s.scores + i * s.row, job->offset + first + i + 1, round_up(seen, LANES), job->scale, stat);
      }
      left = pack_left(s.left, s.scores, s.row, 1, rows, seen, &over);
      product(left, values, job->out + q, q_row, rows, dim, words_of(seen), START_ZERO);
    }
  }
  MATRIX_UNIT_END();
  if (any_over(over)) pol_diverged(job->arena, POL_DIVERGED_OPERAND);
}

/* From scores and dp of one row: p and ds, +0 for hidden ones up to `end`. */
static void score_gradients(float *scores, float *products, long visible, long end, float max, float z, float scale) {
  const vf hidden = vf_splat(-__builtin_inff());
  Lanes sum = lanes_zero();
  for (long j = 0; j < visible; j += LANES) {
    const int32_t left = (int32_t)min_long(visible - j, LANES);
    UNROLL for (int l = 0; l < LANE_VECTORS; l++) {
      const long at = j + l * VW;
      vf s = vf_load(scores + at) * scale, dp = vf_load(products + at);
      if (left < LANES) {
        s = vf_select(lane_numbers(l) < left, s, hidden);
        dp = vf_select(lane_numbers(l) < left, dp, (vf){0});
        vf_store(products + at, dp);
      }
      vf p = vf_exp(s - max) * z;
      vf_store(scores + at, p);
      sum.v[l] = sum.v[l] + p * dp;
    }
  }
  const float t = lanes_sum(sum);
  for (long j = 0; j < visible; j += VW) {
    vf ds = (vf_load(scores + j) * (vf_load(products + j) - t)) * scale;
    vf_store(products + j, ds);
  }
  clear_rest(scores, visible, end);
  clear_rest(products, visible, end);
}

/* Rounds where chains start, once: later blocks then continue them as they are. */
INLINE void start_chains(float *c, long stride, long rows, long columns) {
  for (long i = 0; i < rows; i++) {
    for (long j = 0; j < columns; j += VW) {
      vf_store_n(c + i * stride + j, chain_start(vf_load_n(c + i * stride + j, columns - j)), columns - j);
    }
  }
}

static void attention_backward_task(void *argument, long unit, int thread) {
  const AttentionJob *job = argument;
  const long b = unit / job->kv_heads, g = unit % job->kv_heads;
  const long dim = job->head_dim, queries = job->queries, group = job->heads / job->kv_heads;
  const long kv_row = job->kv_heads * dim, q_row = job->heads * dim;
  AttentionScratch s;
  attention_layout(&s, pol_scratch(job->arena->pool, thread), job, 1);
  vi over = {0};
  const long kv = b * queries * kv_row + g * dim;
  start_chains(job->dk + kv, kv_row, queries, dim);
  start_chains(job->dv + kv, kv_row, queries, dim);
  pack_right(s.keys, job->k + kv, kv_row, 1, queries, dim, &over);
  pack_right(s.values, job->v + kv, kv_row, 1, queries, dim, &over);
  pack_right(s.keys_by_dim, job->k + kv, 1, kv_row, dim, queries, &over);
  const Right keys = {s.keys, queries, words_of(dim)};
  const Right values = {s.values, queries, words_of(dim)};
  const Right keys_by_dim = {s.keys_by_dim, dim, words_of(queries)};

  MATRIX_UNIT_BEGIN();
  for (long h = g * group; h < (g + 1) * group; h++) {
    for (long first = 0; first < queries; first += QUERY_BLOCK) {
      const long rows = min_long(QUERY_BLOCK, queries - first);
      Left left;
      const long seen = first + rows;
      const long end = round_up(seen, LANES);
      const long q = (b * queries + first) * q_row + h * dim;
      left = pack_left(s.left, job->q + q, q_row, 1, rows, dim, &over);
      product(left, keys, s.scores, s.row, rows, round_up(seen, VW), words_of(dim), START_ZERO);
      left = pack_left(s.left, job->d_out + q, q_row, 1, rows, dim, &over);
      product(left, values, s.products, s.row, rows, round_up(seen, VW), words_of(dim), START_ZERO);
      for (long i = 0; i < rows; i++) {
        const float *stat = job->stats + ((b * job->heads + h) * queries + first + i) * 2;
        score_gradients(s.scores + i * s.row, s.products + i * s.row, first + i + 1, end, stat[0], stat[1], job->scale);
      }
      left = pack_left(s.left, s.products, s.row, 1, rows, seen, &over);
      product(left, keys_by_dim, job->dq + q, q_row, rows, dim, words_of(seen), START_ZERO);

      const Right block = {s.right, dim, words_of(rows)};
      left = pack_left(s.left, s.scores, 1, s.row, seen, rows, &over);
      pack_right(s.right, job->d_out + q, 1, q_row, dim, rows, &over);
      product(left, block, job->dv + kv, kv_row, seen, dim, words_of(rows), START_CONTINUED);
      left = pack_left(s.left, s.products, 1, s.row, seen, rows, &over);
      pack_right(s.right, job->q + q, 1, q_row, dim, rows, &over);
      product(left, block, job->dk + kv, kv_row, seen, dim, words_of(rows), START_CONTINUED);
    }
  }
  MATRIX_UNIT_END();
  if (any_over(over)) pol_diverged(job->arena, POL_DIVERGED_OPERAND);
}

static float attention_scale(const AttentionJob *job) {
  const vf root = vf_sqrt(vf_splat((float)job->head_dim));
  return 1.0f / root[0];
}

static int attention(AttentionJob *job, int backward) {
  AttentionScratch unused;
  if (!pol_reserve(job->arena->pool, attention_layout(&unused, NULL, job, backward) * 4)) return 0;
  job->scale = attention_scale(job);
  pol_parallel(job->arena->pool, backward ? attention_backward_task : attention_forward_task, job, job->batch * job->kv_heads);
  return 1;
}

/* One query row each of several sequences, which stand at different positions of one cache. */
typedef struct {
  AttentionJob shared;
  const int32_t *slots, *positions;
} AttentionRowsJob;

static void attention_rows_task(void *argument, long unit, int thread) {
  const AttentionRowsJob *rows = argument;
  AttentionJob job = rows->shared;
  const long row = unit / job.kv_heads, q_row = job.heads * job.head_dim;
  const long cache = rows->slots[row] * job.key_capacity * job.kv_heads * job.head_dim;
  job.offset = rows->positions[row];
  job.out += row * q_row, job.q += row * q_row, job.stats += row * job.heads * 2;
  job.k += cache, job.v += cache;
  attention_forward_task(&job, unit % job.kv_heads, thread);
}

/* `job->batch` rows; the furthest position decides about scratch memory. */
static int attention_rows(AttentionJob *job, const int32_t *slots, const int32_t *positions) {
  AttentionScratch unused;
  const long rows = job->batch;
  AttentionRowsJob all = {.shared = *job, .slots = slots, .positions = positions};
  all.shared.batch = all.shared.queries = 1;
  for (long r = 0; r < rows; r++) all.shared.offset = max_long(all.shared.offset, positions[r]);
  if (!pol_reserve(job->arena->pool, attention_layout(&unused, NULL, &all.shared, 0) * 4)) return 0;
  all.shared.scale = attention_scale(job);
  pol_parallel(job->arena->pool, attention_rows_task, &all, rows * job->kv_heads);
  return 1;
}

#endif
