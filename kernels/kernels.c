/* The kernels for one instruction set: this file is compiled once for each, with POL_RUN naming the only symbol it exports. */
#include "calls.h"
#include "program.h"

double POL_RUN(PolArena *arena, int kernel) {
  switch (kernel) {
    case BY_ROWS: return program_by_rows(arena) ? 0 : __builtin_nan("");
    case TOGETHER: return program_together(arena) ? 0 : __builtin_nan("");
  }
  return run_call(arena, kernel, arena->arguments, 0);
}
