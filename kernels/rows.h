/* Operations by rows: embedding, RMSNorm, rotary embedding, softmax cross-entropy. */
#ifndef POL_ROWS_H
#define POL_ROWS_H

#include "elementary.h"
#include "runtime.h"

#define ROW_BLOCK_ELEMENTS 16384 /* about what a task should hold */
#define COLUMN_BLOCK 64          /* columns of a task that chains over rows */

/* Arguments of any row operation; each uses what it needs. */
typedef struct {
  PolArena *arena;
  float *out, *aux;
  const float *x, *y, *z, *w;
  int32_t *correct;
  const int32_t *tokens;
  long rows, dim, block, rows_per_sequence, offset, heads;
  /* Number of row 0 among all rows of its sequences. */
  long first;
  float eps;
  int inverse;
} RowJob;

/* Runs `task` over blocks of rows. */
static void by_rows(RowJob *job, PolTask task, long row_elements) {
  job->block = max_long(1, ROW_BLOCK_ELEMENTS / row_elements);
  pol_parallel(job->arena->pool, task, job, ceil_div(job->rows, job->block));
}

static void embed_forward_task(void *argument, long unit, int thread) {
  (void)thread;
  const RowJob *job = argument;
  for (long r = unit * job->block; r < min_long(job->rows, (unit + 1) * job->block); r++) {
    memcpy(job->out + r * job->dim, job->x + (long)job->tokens[r] * job->dim, (size_t)job->dim * 4);
  }
}

static void embed_backward_task(void *argument, long unit, int thread) {
  (void)thread;
  const RowJob *job = argument;
  const long first = unit * COLUMN_BLOCK, last = min_long(job->dim, first + COLUMN_BLOCK);
  for (long r = 0; r < job->rows; r++) {
    float *target = job->out + (long)job->tokens[r] * job->dim;
    const float *source = job->x + r * job->dim;
    for (long i = first; i < last; i += VW) {
      vf_store_n(target + i, vf_load_n(target + i, last - i) + vf_load_n(source + i, last - i), last - i);
    }
  }
}

static void rms_norm_forward_task(void *argument, long unit, int thread) {
  (void)thread;
  const RowJob *job = argument;
  const long dim = job->dim;
  for (long r = unit * job->block; r < min_long(job->rows, (unit + 1) * job->block); r++) {
    const float *x = job->x + r * dim;
    Lanes sum = lanes_zero();
    for (long i = 0; i < dim; i += LANES) {
      UNROLL for (int l = 0; l < LANE_VECTORS; l++) {
        vf v = vf_load_n(x + i + l * VW, dim - i - l * VW);
        sum.v[l] = sum.v[l] + v * v;
      }
    }
    const float mean = lanes_sum(sum) / (float)dim;
    const vf root = vf_sqrt(vf_splat(mean + job->eps));
    const float rstd = 1.0f / root[0];
    job->aux[r] = rstd;
    for (long i = 0; i < dim; i += VW) {
      vf_store_n(job->out + r * dim + i, (vf_load_n(x + i, dim - i) * rstd) * vf_load_n(job->w + i, dim - i), dim - i);
    }
  }
}

/* out = dx, x = dOut, y = x, w = weight, z = rstd */
static void rms_norm_backward_rows_task(void *argument, long unit, int thread) {
  (void)thread;
  const RowJob *job = argument;
  const long dim = job->dim;
  for (long r = unit * job->block; r < min_long(job->rows, (unit + 1) * job->block); r++) {
    const float *d = job->x + r * dim, *x = job->y + r * dim;
    float *dx = job->out + r * dim;
    const float rstd = job->z[r];
    Lanes sum = lanes_zero();
    for (long i = 0; i < dim; i += LANES) {
      UNROLL for (int l = 0; l < LANE_VECTORS; l++) {
        const long at = i + l * VW, left = dim - at;
        vf n = vf_load_n(x + at, left) * rstd;
        vf g = vf_load_n(d + at, left) * vf_load_n(job->w + at, left);
        vf product = g * n;
        if (left < VW) {
          for (long t = max_long(0, left); t < VW; t++) product[t] = 0.0f;
        }
        sum.v[l] = sum.v[l] + product;
      }
    }
    const float s = lanes_sum(sum) / (float)dim;
    for (long i = 0; i < dim; i += VW) {
      vf n = vf_load_n(x + i, dim - i) * rstd;
      vf g = vf_load_n(d + i, dim - i) * vf_load_n(job->w + i, dim - i);
      vf_store_n(dx + i, vf_load_n(dx + i, dim - i) + (g - n * s) * rstd, dim - i);
    }
  }
}

/* aux = dWeight */
static void rms_norm_backward_columns_task(void *argument, long unit, int thread) {
  (void)thread;
  const RowJob *job = argument;
  const long dim = job->dim, first = unit * COLUMN_BLOCK, last = min_long(dim, first + COLUMN_BLOCK);
  for (long r = 0; r < job->rows; r++) {
    const float *d = job->x + r * dim, *x = job->y + r * dim;
    const float rstd = job->z[r];
    for (long i = first; i < last; i += VW) {
      vf n = vf_load_n(x + i, last - i) * rstd;
      vf_store_n(job->aux + i, vf_load_n(job->aux + i, last - i) + vf_load_n(d + i, last - i) * n, last - i);
    }
  }
}

/* out = x, x = cos, y = sin, dim = headDim */
static void rope_task(void *argument, long unit, int thread) {
  (void)thread;
  const RowJob *job = argument;
  const long half = job->dim / 2;
  for (long r = unit * job->block; r < min_long(job->rows, (unit + 1) * job->block); r++) {
    const long angle = ((job->first + r) % job->rows_per_sequence + job->offset) * half;
    for (long h = 0; h < job->heads; h++) {
      float *low = job->out + (r * job->heads + h) * job->dim;
      float *high = low + half;
      for (long i = 0; i < half; i += VW) {
        vf a = vf_load_n(low + i, half - i), b = vf_load_n(high + i, half - i);
        vf cos = vf_load_n(job->x + angle + i, half - i), sin = vf_load_n(job->y + angle + i, half - i);
        if (job->inverse) sin = -sin;
        vf_store_n(low + i, a * cos - b * sin, half - i);
        vf_store_n(high + i, b * cos + a * sin, half - i);
      }
    }
  }
}

/* out = logits, aux = loss, eps = scale */
static void cross_entropy_task(void *argument, long unit, int thread) {
  (void)thread;
  const RowJob *job = argument;
  const long vocab = job->dim, whole = vocab / LANES * LANES;
  const float scale = job->eps;
  uint32_t diverged = 0;
  for (long r = unit * job->block; r < min_long(job->rows, (unit + 1) * job->block); r++) {
    float *row = job->out + r * vocab;
    const long target = job->tokens[r];
    const float wanted = row[target];
    Lanes most;
    UNROLL for (int l = 0; l < LANE_VECTORS; l++) most.v[l] = vf_splat(row[0]);
    /* Negative where the exponent is that of infinities and NaN. */
    vi finite = {0};
    for (long j = 0; j < whole; j += LANES) {
      UNROLL for (int l = 0; l < LANE_VECTORS; l++) {
        vf x = vf_load(row + j + l * VW);
        finite |= 0x7f7fffff - (vi)vf_abs(x);
        most.v[l] = vf_max(x, most.v[l]);
      }
    }
    for (long j = whole; j < vocab; j++) {
      vf x = vf_splat(row[j]);
      finite |= 0x7f7fffff - (vi)vf_abs(x);
      most.v[0] = vf_max(x, most.v[0]);
    }
    if (vi_any(finite < 0)) diverged = POL_DIVERGED_ROW;
    const float max = lanes_max(most);

    int best = wanted == max;
    for (long j = 0; best && j < target; j++) best = row[j] != max;
    job->correct[r] = best;

    Lanes sum = lanes_zero();
    for (long j = 0; j < whole; j += LANES) {
      UNROLL for (int l = 0; l < LANE_VECTORS; l++) {
        vf e = vf_exp(vf_load(row + j + l * VW) - max);
        if (scale != 0.0f) vf_store(row + j + l * VW, e);
        sum.v[l] = sum.v[l] + e;
      }
    }
    for (long l = 0, j = whole; j < vocab; l++, j += VW) {
      vf e = vf_exp(vf_load_n(row + j, vocab - j) - max);
      for (long t = vocab - j; t < VW; t++) e[t] = 0.0f;
      if (scale != 0.0f) vf_store_n(row + j, e, vocab - j);
      sum.v[l] = sum.v[l] + e;
    }
    const float z = lanes_sum(sum);
    const float loss = log_f32(z) - (wanted - max);
    uint32_t bits;
    memcpy(&bits, &loss, 4);
    if ((bits & 0x7fffffffu) >= 0x7f800000u) diverged = POL_DIVERGED_ROW;
    job->aux[r] = loss;
    if (scale == 0.0f) continue;

    const float share = 1.0f / z;
    const float at_target = (row[target] * share - 1.0f) * scale;
    for (long j = 0; j < vocab; j += VW) vf_store_n(row + j, (vf_load_n(row + j, vocab - j) * share) * scale, vocab - j);
    row[target] = at_target;
  }
  pol_diverged(job->arena, diverged);
}

#endif
