import { describe, expect, it } from 'vitest';
import { cosSin64, exp64, log64 } from './f64-functions.ts';
import { ropeTables } from './rope-table.ts';

describe('f64 functions', () => {
  it('agree with the engine to a few units in the last place', () => {
    const worst = { cosSin: 0, exp: 0, log: 0 };
    for (let i = 1; i < 20000; i++) {
      const x = (i * 51.7393) % 1048575;
      const { cos, sin } = cosSin64(x);
      const y = (i % 1400) - 700 + i / 20000;
      worst.cosSin = Math.max(worst.cosSin, Math.abs(cos - Math.cos(x)), Math.abs(sin - Math.sin(x)));
      worst.exp = Math.max(worst.exp, Math.abs(exp64(y) / Math.exp(y) - 1));
      worst.log = Math.max(worst.log, Math.abs(log64(x) - Math.log(x)));
    }
    expect(worst.cosSin).toBeLessThan(2 ** -51);
    expect(worst.exp).toBeLessThan(2 ** -50);
    // At most two units of the last place of 13.
    expect(worst.log).toBeLessThan(2 ** -48);
  });
});

describe('ropeTables', () => {
  it('holds cos and sin of position · theta^(−2i/headDim), rounded to f32', () => {
    const { cos, sin } = ropeTables({ contextLength: 300, headDim: 64, theta: 10000 });
    expect(cos).toHaveLength(300 * 32);
    for (const position of [0, 1, 57, 299]) {
      for (const i of [0, 1, 13, 31]) {
        const angle = position * 10000 ** ((-2 * i) / 64);
        expect(Math.abs((cos[position * 32 + i] as number) - Math.cos(angle))).toBeLessThan(2 ** -24);
        expect(Math.abs((sin[position * 32 + i] as number) - Math.sin(angle))).toBeLessThan(2 ** -24);
      }
    }
  });

  it('is a prefix of a longer table', () => {
    const short = ropeTables({ contextLength: 8, headDim: 16, theta: 500000 });
    const long = ropeTables({ contextLength: 64, headDim: 16, theta: 500000 });
    expect(long.cos.slice(0, 64)).toEqual(short.cos);
  });
});
