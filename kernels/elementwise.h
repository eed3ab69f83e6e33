/* Operations by elements: sums, scaling, SwiGLU, AdamW; and the sum of squares, by runs. */
#ifndef POL_ELEMENTWISE_H
#define POL_ELEMENTWISE_H

#include "elementary.h"
#include "runtime.h"

#define ELEMENT_BLOCK 16384 /* of a task */
#define SQUARES_RUN 16384   /* part of the contract */

typedef struct {
  float learning_rate, beta1, beta2, one_minus_beta1, one_minus_beta2, epsilon, weight_decay, correction1, correction2, grad_scale;
} AdamwStep;

typedef struct {
  PolArena *arena;
  float *a, *b, *c;
  const float *x, *y, *z;
  long n;
  float s;
  AdamwStep step;
} ElementJob;

static void by_elements(ElementJob *job, PolTask task) {
  pol_parallel(job->arena->pool, task, job, ceil_div(job->n, ELEMENT_BLOCK));
}

/* for i in the task's block, by vectors; `left` elements remain at i. */
#define EACH_VECTOR(job, unit)                                                                          \
  for (long i = (unit) * ELEMENT_BLOCK, last = min_long((job)->n, i + ELEMENT_BLOCK), left = last - i; i < last; \
       i += VW, left -= VW)

static void fill_task(void *argument, long unit, int thread) {
  (void)thread;
  const ElementJob *job = argument;
  EACH_VECTOR(job, unit) vf_store_n(job->a + i, vf_splat(job->s), left);
}

static void copy_task(void *argument, long unit, int thread) {
  (void)thread;
  const ElementJob *job = argument;
  const long first = unit * ELEMENT_BLOCK;
  memcpy(job->a + first, job->x + first, (size_t)min_long(ELEMENT_BLOCK, job->n - first) * 4);
}

static void add_task(void *argument, long unit, int thread) {
  (void)thread;
  const ElementJob *job = argument;
  EACH_VECTOR(job, unit) vf_store_n(job->a + i, vf_load_n(job->a + i, left) + vf_load_n(job->x + i, left), left);
}

static void scale_task(void *argument, long unit, int thread) {
  (void)thread;
  const ElementJob *job = argument;
  EACH_VECTOR(job, unit) vf_store_n(job->a + i, vf_load_n(job->a + i, left) * job->s, left);
}

/* a = out, x = gate, y = up */
static void swiglu_forward_task(void *argument, long unit, int thread) {
  (void)thread;
  const ElementJob *job = argument;
  EACH_VECTOR(job, unit) {
    vf gate = vf_load_n(job->x + i, left);
    vf_store_n(job->a + i, (gate * vf_sigmoid(gate)) * vf_load_n(job->y + i, left), left);
  }
}

/* a = dGate, b = dUp, z = dOut, x = gate, y = up */
static void swiglu_backward_task(void *argument, long unit, int thread) {
  (void)thread;
  const ElementJob *job = argument;
  EACH_VECTOR(job, unit) {
    vf gate = vf_load_n(job->x + i, left), up = vf_load_n(job->y + i, left), d = vf_load_n(job->z + i, left);
    vf s = vf_sigmoid(gate);
    vf f = gate * s;
    vf slope = s + f * (1.0f - s);
    vf_store_n(job->b + i, d * f, left);
    vf_store_n(job->a + i, (d * up) * slope, left);
  }
}

/* a = w, b = m, c = v, x = g */
static void adamw_task(void *argument, long unit, int thread) {
  (void)thread;
  const ElementJob *job = argument;
  const AdamwStep s = job->step;
  vi bad = {0};
  EACH_VECTOR(job, unit) {
    vf g = vf_load_n(job->x + i, left) * s.grad_scale;
    vf m = s.beta1 * vf_load_n(job->b + i, left) + s.one_minus_beta1 * g;
    vf v = s.beta2 * vf_load_n(job->c + i, left) + (s.one_minus_beta2 * g) * g;
    vf w = vf_load_n(job->a + i, left);
    vf direction = (m * s.correction1) / (vf_sqrt(v * s.correction2) + s.epsilon);
    vf next = w - s.learning_rate * (direction + s.weight_decay * w);
    vi wrong = ~(vf_abs(next) <= 0x1p50f) | ((vi)vf_abs(m) >= 0x7f800000) | ((vi)vf_abs(v) >= 0x7f800000);
    for (long t = left; t < VW; t++) wrong[t] = 0;
    bad |= wrong;
    vf_store_n(job->b + i, m, left);
    vf_store_n(job->c + i, v, left);
    vf_store_n(job->a + i, next, left);
  }
  if (vi_any(bad)) pol_diverged(job->arena, POL_DIVERGED_WEIGHT);
}

/* One run's sum into a[unit]. */
static void squares_task(void *argument, long unit, int thread) {
  (void)thread;
  const ElementJob *job = argument;
  const float *x = job->x + unit * SQUARES_RUN;
  const long n = min_long(SQUARES_RUN, job->n - unit * SQUARES_RUN);
  Lanes sum = lanes_zero();
  for (long i = 0; i < n; i += LANES) {
    UNROLL for (int l = 0; l < LANE_VECTORS; l++) {
      vf v = vf_load_n(x + i + l * VW, n - i - l * VW);
      sum.v[l] = sum.v[l] + v * v;
    }
  }
  job->a[unit] = lanes_sum(sum);
}

static double sum_of_squares(ElementJob *job) {
  const long runs = ceil_div(job->n, SQUARES_RUN);
  if (!pol_reserve(job->arena->pool, (size_t)runs * 4)) return __builtin_nan("");
  job->a = pol_scratch(job->arena->pool, 0);
  pol_parallel(job->arena->pool, squares_task, job, runs);
  float sum = 0.0f;
  for (long i = 0; i < runs; i++) sum = sum + job->a[i];
  return sum;
}

#endif
