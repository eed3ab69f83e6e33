/*
 * Programs: several calls as few jobs. BY_ROWS takes a chain of calls a few rows at a time, so that what one call leaves is in the nearest
 * cache when the next one reads it; TOGETHER multiplies independent products in one go and packs what they share once. A program that gains
 * nothing (few rows, operands too large to stay packed) runs call by call, to the same bits.
 */
#ifndef POL_PROGRAM_H
#define POL_PROGRAM_H

#include "calls.h"

/* Words of packed operands that a program keeps: they should stay in the last cache. */
#define PROGRAM_PACKED_WORDS (4L << 20)
/* Rows that a unit takes through a program, and what its widest matrix may hold, in words: about the second cache. */
#define UNIT_ROWS_LEAST (MR > 24 ? MR : 24)
#define UNIT_ROWS_MOST 96
#define UNIT_WORDS (192L << 10)
/* Rows of a unit of TOGETHER; divides GROUP_ROWS and is a multiple of every MR. */
#define TOGETHER_ROWS (MR > 48 / 2 ? GROUP_ROWS : GROUP_ROWS / 2)

typedef struct {
  const double *a;
  int kernel;
  /* Of a matrix product. */
  int mode, accumulate;
  long m, n, k;
  const float *left_source, *right_source;
  float *c;
  long left_row, left_step, right_column, right_step;
  /* Where the packed operands are, in words of the scratch memory; and the units that pack them, none where another product's serve. */
  long left_at, right_at, k_block;
  long left_units, right_units, multiply_units;
} ProgramCall;

typedef struct {
  PolArena *arena;
  int count;
  ProgramCall calls[POL_PROGRAM_CALLS];
  /* BY_ROWS */
  long rows, unit_rows;
  /* Words of shared scratch memory; each thread's own follows. */
  long shared_words;
  uint32_t *shared;
} Program;

static void read_program(Program *program, PolArena *arena) {
  program->arena = arena;
  program->count = (int)arena->arguments[0];
  program->rows = (long)arena->arguments[1];
  float *words = arena->words;
  for (int i = 0; i < program->count; i++) {
    const double *a = arena->arguments + (i + 1) * POL_ARGUMENTS;
    ProgramCall call = {.a = a, .kernel = (int)a[POL_ARGUMENTS - 1]};
    if (call.kernel == MATMUL) {
      call.mode = (int)a[0], call.m = LONG(1), call.n = LONG(2), call.k = LONG(3);
      call.left_source = POINTER(4), call.right_source = POINTER(5), call.c = POINTER(6), call.accumulate = a[7] != 0;
      call.left_row = call.mode == 2 ? 1 : call.k, call.left_step = call.mode == 2 ? call.m : 1;
      call.right_column = call.mode == 1 ? call.k : 1, call.right_step = call.mode == 1 ? 1 : call.n;
      call.k_block = even_block(call.k, PANEL_WORDS * WORD_OPERANDS, CHAIN_BLOCK);
    }
    program->calls[i] = call;
  }
}

static int run_one_by_one(const Program *program) {
  for (int i = 0; i < program->count; i++) {
    const double result = run_call(program->arena, program->calls[i].kernel, program->calls[i].a, 0);
    if (result != result) return 0;
  }
  return 1;
}

/* Words of all of a right operand, packed block of steps by block of steps. */
static long right_operand_words(const ProgramCall *call) {
  return round_up(right_words(call->n, call->k_block) * ceil_div(call->k, call->k_block), LANES);
}

/* Unit by unit, NR columns of one block of steps. */
static void pack_right_unit(const Program *program, const ProgramCall *call, long unit) {
  const long column_groups = ceil_div(call->n, NR);
  const long from = unit / column_groups * call->k_block, j = unit % column_groups * NR;
  const long k = min_long(call->k_block, call->k - from);
  uint32_t *panels = program->shared + call->right_at + unit / column_groups * right_words(call->n, call->k_block);
  vi over = {0};
  pack_right(panels + j * words_of(k), call->right_source + j * call->right_column + from * call->right_step, call->right_column,
             call->right_step, min_long(NR, call->n - j), k, &over);
  if (any_over(over)) pol_diverged(program->arena, POL_DIVERGED_OPERAND);
}

static void by_rows_pack_task(void *argument, long unit, int thread) {
  (void)thread;
  const Program *program = argument;
  const ProgramCall *call = program->calls;
  for (; unit >= call->right_units; call++) unit -= call->right_units;
  pack_right_unit(program, call, unit);
}

/* `count` rows from `first` of a call that is no product. */
static void run_rows(PolArena *serial, const ProgramCall *call, long rows, long first, long count) {
  double a[POL_ARGUMENTS];
  int kernel = call->kernel;
  memcpy(a, call->a, sizeof a);
  switch (kernel) {
    case FILL:
    case SCALE:
    case COPY:
    case ADD:
    case SWIGLU_FORWARD:
    case SWIGLU_BACKWARD: {
      const int pointers = kernel == FILL || kernel == SCALE ? 1 : kernel == SWIGLU_FORWARD ? 3 : kernel == SWIGLU_BACKWARD ? 5 : 2;
      const double width = a[pointers] / (double)rows;
      for (int i = 0; i < pointers; i++) a[i] += (double)first * width;
      a[pointers] = (double)count * width;
      break;
    }
    case EMBED_FORWARD:
      a[0] += (double)first * a[4], a[2] += (double)first, a[3] = (double)count;
      break;
    case RMS_NORM_FORWARD:
      a[0] += (double)first * a[5], a[1] += (double)first, a[2] += (double)first * a[5], a[4] = (double)count;
      break;
    case RMS_NORM_BACKWARD:
      kernel = RMS_NORM_BACKWARD_ROWS;
      a[0] += (double)first * a[7], a[2] += (double)first * a[7], a[3] += (double)first * a[7], a[5] += (double)first;
      a[6] = (double)count;
      break;
    case ROPE:
      a[0] += (double)first * a[6] * a[7], a[3] = (double)count;
      break;
    case CROSS_ENTROPY:
      a[0] += (double)first, a[1] += (double)first, a[2] += (double)first * a[5], a[3] += (double)first, a[4] = (double)count;
      break;
  }
  run_call(serial, kernel, a, first);
}

/* `count` rows from `first` of a product, packed into `own`; `packed` says what is there already, if anything. */
static void multiply_rows(const Program *program, const ProgramCall *call, long first, long count, uint32_t *own, const float **packed,
                          vi *over) {
  const float *source = call->left_source + first * call->k;
  for (long from = 0; from < call->k; from += call->k_block) {
    const long k = min_long(call->k_block, call->k - from);
    const uint32_t *panels = program->shared + call->right_at + from / call->k_block * right_words(call->n, call->k_block);
    const Right right = {panels, call->n, words_of(k)};
    const Left left = *packed == source && k == call->k ? left_of(own, 0, count, k) : pack_left(own, source + from, call->k, 1, count, k, over);
    const Start start = from > 0 ? START_CONTINUED : call->accumulate ? START_GIVEN : START_ZERO;
    MATRIX_UNIT_BEGIN();
    product(left, right, call->c + first * call->n, call->n, count, call->n, right.kw, start);
    MATRIX_UNIT_END();
    *packed = k == call->k ? source : NULL;
  }
}

static void by_rows_task(void *argument, long unit, int thread) {
  const Program *program = argument;
  const long first = unit * program->unit_rows, count = min_long(program->unit_rows, program->rows - first);
  uint32_t *own = (uint32_t *)pol_scratch(program->arena->pool, thread) + program->shared_words;
  PolArena serial = {.words = program->arena->words};
  /* Neighbouring products often share their left operand. */
  const float *packed = NULL;
  vi over = {0};
  for (int i = 0; i < program->count; i++) {
    const ProgramCall *call = &program->calls[i];
    if (call->kernel == MATMUL) {
      if (i == 0 || program->calls[i - 1].k != call->k) packed = NULL;
      multiply_rows(program, call, first, count, own, &packed, &over);
    } else {
      packed = NULL;
      run_rows(&serial, call, program->rows, first, count);
    }
  }
  pol_diverged(program->arena, serial.divergence | (any_over(over) ? POL_DIVERGED_OPERAND : 0));
}

/* Rows a unit takes: many, but so that threads end together. */
static long choose_unit_rows(const Program *program, long threads) {
  long widest = 1;
  for (int i = 0; i < program->count; i++) widest = max_long(widest, max_long(program->calls[i].n, program->calls[i].k));
  const long most = max_long(UNIT_ROWS_LEAST, min_long(UNIT_ROWS_MOST, UNIT_WORDS / widest)) / MR * MR;
  long best = most;
  if (threads == 1) return best;
  const long units = ceil_div(program->rows, most);
  for (long rows = most, longest = ceil_div(units, threads) * most; rows >= UNIT_ROWS_LEAST; rows -= MR) {
    const long length = ceil_div(ceil_div(program->rows, rows), threads) * rows;
    /* Fewer, longer units are worth a little imbalance. */
    if (length * 50 < longest * 49) best = rows, longest = length;
  }
  return best;
}

static int program_by_rows(PolArena *arena) {
  Program program = {0};
  read_program(&program, arena);
  const long threads = pol_threads(arena->pool);
  long own_words = 0, pack_units = 0;
  for (int i = 0; i < program.count; i++) {
    ProgramCall *call = &program.calls[i];
    if (call->kernel != MATMUL) continue;
    call->right_at = program.shared_words;
    call->right_units = ceil_div(call->n, NR) * ceil_div(call->k, call->k_block);
    program.shared_words += right_operand_words(call);
    pack_units += call->right_units;
    own_words = max_long(own_words, left_words(UNIT_ROWS_MOST, call->k_block));
  }
  if (program.rows < threads * UNIT_ROWS_LEAST || program.shared_words > PROGRAM_PACKED_WORDS) return run_one_by_one(&program);
  if (!pol_reserve(arena->pool, (size_t)(program.shared_words + own_words) * 4)) return run_one_by_one(&program);
  program.shared = pol_scratch(arena->pool, 0);
  program.unit_rows = choose_unit_rows(&program, threads);
  pol_parallel(arena->pool, by_rows_pack_task, &program, pack_units);
  pol_parallel(arena->pool, by_rows_task, &program, ceil_div(program.rows, program.unit_rows));
  for (int i = 0; i < program.count; i++) {
    if (program.calls[i].kernel == RMS_NORM_BACKWARD) run_call(arena, RMS_NORM_BACKWARD_COLUMNS, program.calls[i].a, 0);
  }
  return 1;
}

static void together_pack_task(void *argument, long unit, int thread) {
  (void)thread;
  const Program *program = argument;
  const ProgramCall *call = program->calls;
  for (; unit >= call->left_units + call->right_units; call++) unit -= call->left_units + call->right_units;
  if (unit >= call->left_units) {
    pack_right_unit(program, call, unit - call->left_units);
    return;
  }
  const long i = unit * GROUP_ROWS;
  vi over = {0};
  pack_left(program->shared + call->left_at + unit * left_words(GROUP_ROWS, call->k), call->left_source + i * call->left_row, call->left_row,
            call->left_step, min_long(GROUP_ROWS, call->m - i), call->k, &over);
  if (any_over(over)) pol_diverged(program->arena, POL_DIVERGED_OPERAND);
}

static void together_multiply_task(void *argument, long unit, int thread) {
  (void)thread;
  const Program *program = argument;
  const ProgramCall *call = program->calls;
  for (; unit >= call->multiply_units; call++) unit -= call->multiply_units;
  const long column_groups = ceil_div(call->n, NR);
  const long i = unit / column_groups * TOGETHER_ROWS, j = unit % column_groups * NR;
  const long rows = min_long(TOGETHER_ROWS, call->m - i), columns = min_long(NR, call->n - j);
  const long group = i / GROUP_ROWS, kw = words_of(call->k);
  uint32_t *words = program->shared + call->left_at + group * left_words(GROUP_ROWS, call->k);
  Left left = left_of(words, call->left_row == 1, min_long(GROUP_ROWS, call->m - group * GROUP_ROWS), call->k);
  left.words += i % GROUP_ROWS / MR * left.panel;
  const Right right = {program->shared + call->right_at + j * kw, columns, kw};
  MATRIX_UNIT_BEGIN();
  product(left, right, call->c + i * call->n + j, call->n, rows, columns, kw, call->accumulate ? START_GIVEN : START_ZERO);
  MATRIX_UNIT_END();
}

static int same_right(const ProgramCall *a, const ProgramCall *b) {
  return a->right_source == b->right_source && a->right_column == b->right_column && a->n == b->n && a->k == b->k;
}

static int same_left(const ProgramCall *a, const ProgramCall *b) {
  return a->left_source == b->left_source && a->left_row == b->left_row && a->m == b->m && a->k == b->k;
}

static int program_together(PolArena *arena) {
  Program program = {0};
  read_program(&program, arena);
  long pack_units = 0, multiply_units = 0;
  int whole = 1;
  for (int i = 0; i < program.count; i++) {
    ProgramCall *call = &program.calls[i];
    int left = 0, right = 0;
    while (left < i && !same_left(&program.calls[left], call)) left++;
    while (right < i && !same_right(&program.calls[right], call)) right++;
    if (left < i) {
      call->left_at = program.calls[left].left_at;
    } else {
      call->left_at = program.shared_words;
      call->left_units = ceil_div(call->m, GROUP_ROWS);
      program.shared_words += round_up(call->left_units * left_words(GROUP_ROWS, call->k), LANES);
    }
    if (right < i) {
      call->right_at = program.calls[right].right_at;
    } else {
      call->right_at = program.shared_words;
      call->right_units = ceil_div(call->n, NR);
      program.shared_words += right_operand_words(call);
    }
    call->multiply_units = ceil_div(call->m, TOGETHER_ROWS) * ceil_div(call->n, NR);
    pack_units += call->left_units + call->right_units;
    multiply_units += call->multiply_units;
    whole = whole && call->k_block == call->k;
  }
  if (!whole || program.shared_words > PROGRAM_PACKED_WORDS) return run_one_by_one(&program);
  if (!pol_reserve(arena->pool, (size_t)program.shared_words * 4)) return run_one_by_one(&program);
  program.shared = pol_scratch(arena->pool, 0);
  pol_parallel(arena->pool, together_pack_task, &program, pack_units);
  pol_parallel(arena->pool, together_multiply_task, &program, multiply_units);
  return 1;
}

#endif
