/* Threads for the native addon. */
#ifndef POL_POOL_H
#define POL_POOL_H

#include "runtime.h"

/* `threads` in all, the caller's own included; NULL when memory or threads cannot be had. */
PolPool *pol_pool_create(int threads);
void pol_pool_destroy(PolPool *pool);

/* Puts this thread's floating point unit into IEEE-754's default state (to nearest, gradual underflow); returns the former state. */
uint64_t pol_fpu_enter(void);
void pol_fpu_leave(uint64_t former);

#endif
