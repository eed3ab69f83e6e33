import type { Hash } from './hash.ts';

/** Round constants and first state: the first bits of the fractional parts of cube and square roots of the first primes (FIPS 180-4, 4.2.2). */
const ROUND_CONSTANTS = fractionalBits(64, Math.cbrt);
const FIRST_STATE = fractionalBits(8, Math.sqrt);

const BLOCK_BYTES = 64;

/**
 * SHA-256 (FIPS 180-4) of the concatenation, in plain JavaScript: for code that also runs in browsers, whose own SHA-256 is asynchronous.
 * Some tens of MB/s; anything long uses `hash.ts`.
 */
export function portableSha256(...parts: readonly Uint8Array[]): Hash {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const padded = new Uint8Array(Math.ceil((length + 9) / BLOCK_BYTES) * BLOCK_BYTES);
  let at = 0;
  for (const part of parts) {
    padded.set(part, at);
    at += part.length;
  }
  padded[length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(length) * 8n);
  const state = Uint32Array.from(FIRST_STATE);
  const schedule = new Uint32Array(64);
  for (let block = 0; block < padded.length; block += BLOCK_BYTES) compress(state, schedule, view, block);
  const out = new Uint8Array(32);
  const outView = new DataView(out.buffer);
  for (const [i, word] of state.entries()) outView.setUint32(i * 4, word);
  return out;
}

/** `taggedHash` of hash.ts, to the bit. */
export function portableTaggedHash(domain: string, ...parts: readonly Uint8Array[]): Hash {
  return portableSha256(portableSha256(new TextEncoder().encode(domain)), ...parts);
}

function compress(state: Uint32Array, w: Uint32Array, view: DataView, block: number): void {
  const word = (i: number) => w[i] as number;
  for (let t = 0; t < 16; t++) w[t] = view.getUint32(block + t * 4);
  for (let t = 16; t < 64; t++) {
    const [x, y] = [word(t - 15), word(t - 2)];
    const small0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const small1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    w[t] = word(t - 16) + small0 + word(t - 7) + small1;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let t = 0; t < 64; t++) {
    const big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const first = (h + big1 + ((e & f) ^ (~e & g)) + (ROUND_CONSTANTS[t] as number) + word(t)) | 0;
    const big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const second = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => {
    state[i] = (state[i] as number) + value;
  });
}

function rotate(x: number, bits: number): number {
  return (x >>> bits) | (x << (32 - bits));
}

/** 53-bit roots leave at least 45 fractional bits, so 32 of them do not depend on an engine's last place. */
function fractionalBits(count: number, root: (prime: number) => number): Uint32Array {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return Uint32Array.from(primes, (prime) => Math.floor((root(prime) % 1) * 2 ** 32));
}
