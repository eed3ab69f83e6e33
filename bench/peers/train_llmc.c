/*
 * Training steps (forward, zero_grad, backward, update) of llm.c's CPU GPT-2 in turns, timed: one side of bench/compare.mjs. Same protocol
 * as train_torch.py. find-llmc.mjs compiles it against a checkout of llm.c.
 *   echo '{"seconds": 2}' | train_llmc LAYERS HEADS WIDTH VOCABULARY CONTEXT BATCH
 */
#define TESTING /* leaves out llm.c's own main() */
#include "train_gpt2.c"

static uint32_t state = 1;

static double uniform(void) {
  state = state * 1664525u + 1013904223u;
  return state / 4294967296.0;
}

static double seconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* What gpt2_build_from_checkpoint() makes, with random weights in place of a file's. */
static GPT2 build(GPT2Config config) {
  GPT2 model = {.config = config, .mean_loss = -1.0f};
  fill_in_parameter_sizes(model.param_sizes, config);
  for (int i = 0; i < NUM_PARAMETER_TENSORS; i++) model.num_parameters += model.param_sizes[i];
  model.params_memory = malloc_and_point_parameters(&model.params, model.param_sizes);
  for (size_t i = 0; i < model.num_parameters; i++) model.params_memory[i] = (float)(0.07 * uniform() - 0.035);
  const size_t norms = (size_t)config.num_layers * config.channels;
  for (size_t i = 0; i < norms; i++) model.params.ln1w[i] = model.params.ln2w[i] = 1.0f;
  for (int i = 0; i < config.channels; i++) model.params.lnfw[i] = 1.0f;
  return model;
}

/* One step; the seconds on the clock and of processor time (all threads) that it took. */
static void train_step(GPT2 *model, int *inputs, int *targets, int batch, int context, int step, double *wall, double *cpu) {
  const double start = seconds_of(CLOCK_MONOTONIC), cpu_start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  gpt2_forward(model, inputs, targets, batch, context);
  gpt2_zero_grad(model);
  gpt2_backward(model);
  gpt2_update(model, 1e-3f, 0.9f, 0.95f, 1e-8f, 0.1f, step);
  *wall = seconds_of(CLOCK_MONOTONIC) - start;
  *cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
}

int main(int count, char **text) {
  if (count != 7) return 2;
  int value[7];
  for (int i = 1; i < 7; i++) value[i] = atoi(text[i]);
  const int vocab = value[4], context = value[5], batch = value[6], padded = (vocab + 127) / 128 * 128;
  /* llm.c reports to standard output: ours is kept aside for the answers. */
  FILE *answers = fdopen(dup(STDOUT_FILENO), "w");
  dup2(STDERR_FILENO, STDOUT_FILENO);
  GPT2 model = build((GPT2Config){context, vocab, padded, value[1], value[2], value[3]});
  const int tokens = batch * context;
  int *inputs = mallocCheck(tokens * sizeof(int)), *targets = mallocCheck(tokens * sizeof(int));
  for (int i = 0; i < tokens; i++) {
    inputs[i] = (int)(uniform() * vocab);
    targets[i] = (int)(uniform() * vocab);
  }
  double wall = 0, cpu = 0;
  int step = 0;
  train_step(&model, inputs, targets, batch, context, ++step, &wall, &cpu);
  fprintf(answers, "{\"version\":\"llm.c\",\"loss\":%.4f}\n", model.mean_loss);
  fflush(answers);
  char line[256];
  double wanted;
  while (fgets(line, sizeof line, stdin) != NULL && sscanf(line, "{\"seconds\":%lf", &wanted) == 1) {
    fprintf(answers, "{\"steps\":[");
    for (double total = 0; total < wanted; total += wall) {
      train_step(&model, inputs, targets, batch, context, ++step, &wall, &cpu);
      fprintf(answers, "%s[%.6f,%.6f]", total == 0 ? "" : ",", wall, cpu);
    }
    fprintf(answers, "]}\n");
    fflush(answers);
  }
  gpt2_free(&model);
  return 0;
}
