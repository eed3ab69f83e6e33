/* exp, log and sigmoid: the operations of src/numerics/elementary.ts, line by line. */
#ifndef POL_ELEMENTARY_H
#define POL_ELEMENTARY_H

#include "simd.h"

#define EXP_MIN (-87.0f)
#define EXP_MAX 88.0f
#define LOG2E 1.4426950216293335f
#define ROUND 12582912.0f
#define ROUND_BITS 0x4b400000u
#define LN2_HIGH 0.693359375f
#define LN2_LOW (-0.00021219444170128554f)

INLINE vf vf_exp(vf x) {
  vf t = x * LOG2E + ROUND;
  vf n = t - ROUND;
  vf r = x - n * LN2_HIGH;
  r = r - n * LN2_LOW;
  vf p = r * 0.00019875691214110702f + 0.001398199936375022f;
  p = p * r + 0.008333452045917511f;
  p = p * r + 0.04166579619050026f;
  p = p * r + 0.1666666567325592f;
  p = p * r + 0.5f;
  vf y = p * (r * r);
  y = y + r;
  y = y + 1.0f;
  vf power = (vf)(((vu)t - ROUND_BITS + 127u) << 23);
  y = y * power;
  y = vf_select(x > EXP_MAX, vf_splat(__builtin_inff()), y);
  return vf_select(x < EXP_MIN, (vf){0}, y);
}

INLINE vf vf_sigmoid(vf x) {
  vf e = vf_exp((vf)((vu)x | 0x80000000u));
  return vf_select(x < 0.0f, e, vf_splat(1.0f)) / (1.0f + e);
}

static float log_f32(float x) {
  if (!(x >= 0.0f)) return __builtin_nanf("");
  if (x < 0x1p-126f) return -__builtin_inff();
  if (x == __builtin_inff()) return x;
  int32_t bits;
  memcpy(&bits, &x, 4);
  int32_t shifted = bits - 0x3f3504f3;
  float n = (float)(shifted >> 23);
  bits = (shifted & 0x007fffff) + 0x3f3504f3;
  float f;
  memcpy(&f, &bits, 4);
  f = f - 1.0f;
  float z = f * f;
  float p = 0.07037683576345444f * f + -0.11514610052108765f;
  p = p * f + 0.11676998436450958f;
  p = p * f + -0.12420140951871872f;
  p = p * f + 0.14249323308467865f;
  p = p * f + -0.16668057441711426f;
  p = p * f + 0.2000071406364441f;
  p = p * f + -0.24999994039535522f;
  p = p * f + 0.3333333134651184f;
  float y = p * f * z;
  y = y + n * LN2_LOW;
  y = y - 0.5f * z;
  return (f + y) + n * LN2_HIGH;
}

#endif
