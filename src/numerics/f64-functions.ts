/**
 * exp, log, sin and cos in f64 from + − · ÷ and rounding to an integer only, so that every JavaScript engine gives the same bits
 * (those of `Math` differ between engines). Algorithms and polynomials are fdlibm's (Sun Microsystems, e_exp.c, e_log.c, k_sin.c, k_cos.c).
 */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

function powerOfTwo(n: number): number {
  let result = 1;
  const factor = n < 0 ? 0.5 : 2;
  for (let i = Math.abs(n); i > 0; i--) result *= factor;
  return result;
}

/** e^x for |x| < 700, error below 1 unit in the last place. */
export function exp64(x: number): number {
  const k = Math.round(x * Math.LOG2E);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const tail =
    t *
    (0.16666666666666602 +
      t * (-2.7777777777015593e-3 + t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))));
  const c = r - tail;
  return (1 - (low - (r * c) / (2 - c) - high)) * powerOfTwo(k);
}

/** Natural logarithm of a positive normal x, error below 1 unit in the last place. */
export function log64(x: number): number {
  let k = 0;
  let m = x;
  for (; m >= Math.SQRT2; m *= 0.5) k++;
  for (; m < Math.SQRT1_2; m *= 2) k--;
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  const r =
    z *
    (0.6666666666666735 +
      z *
        (0.3999999999940942 +
          z *
            (0.2857142874366239 +
              z * (0.22222198432149784 + z * (0.1818357216161805 + z * (0.15313837699209373 + z * 0.14798198605116586))))));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + r) + k * LN2_LOW) - f);
}

const TWO_OVER_PI = 0.6366197723675814;
/** π/2 in three parts; n times the first two is exact for n < 2^20. */
const HALF_PI_1 = 1.5707963267341256;
const HALF_PI_2 = 6.077100506303966e-11;
const HALF_PI_3 = 2.0222662487959506e-21;

/** cos and sin of 0 ≤ x < 2^20, absolute error below 2^-52: far below the f32 rounding of the tables made from it. */
export function cosSin64(x: number): { readonly cos: number; readonly sin: number } {
  const n = Math.round(x * TWO_OVER_PI);
  const r = x - n * HALF_PI_1 - n * HALF_PI_2 - n * HALF_PI_3;
  const sin = sinKernel(r);
  const cos = cosKernel(r);
  switch (n % 4) {
    case 0:
      return { cos, sin };
    case 1:
      return { cos: -sin, sin: cos };
    case 2:
      return { cos: -cos, sin: -sin };
    default:
      return { cos: sin, sin: -cos };
  }
}

function sinKernel(x: number): number {
  const z = x * x;
  const p =
    8.33333333332249e-3 +
    z * (-1.984126982985795e-4 + z * (2.7557313707070068e-6 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)));
  return x + z * x * (-0.16666666666666632 + z * p);
}

function cosKernel(x: number): number {
  const z = x * x;
  const p =
    z *
    (4.16666666666666e-2 +
      z *
        (-1.388888888887411e-3 +
          z * (2.480158728947673e-5 + z * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11)))));
  return 1 - (0.5 * z - z * p);
}
