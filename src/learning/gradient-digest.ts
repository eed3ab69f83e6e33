import { type Hash, sha256 } from '../primitives/hash.ts';

const LANES = 4;
/** FNV's prime: odd, so that multiplying by it loses nothing and any one changed word changes its lane for good. */
const PRIME = 0x0100_0193;
const OFFSET_BASIS = 0x811c_9dc5;

/**
 * Fingerprint of a step's gradient, before clipping: the words of lane l (l, l+4, …) through FNV-1a over 32-bit words, then SHA-256 over
 * the lanes. Exact and fast (one multiplication a value), and not published by trainers: only who ran the step has it.
 */
export function gradientDigest(gradients: Float32Array): Hash {
  const words = new Int32Array(gradients.buffer, gradients.byteOffset, gradients.length);
  let [a, b, c, d] = [OFFSET_BASIS | 0, OFFSET_BASIS | 0, OFFSET_BASIS | 0, OFFSET_BASIS | 0];
  const whole = words.length - (words.length % LANES);
  for (let i = 0; i < whole; i += LANES) {
    a = Math.imul(a ^ (words[i] as number), PRIME);
    b = Math.imul(b ^ (words[i + 1] as number), PRIME);
    c = Math.imul(c ^ (words[i + 2] as number), PRIME);
    d = Math.imul(d ^ (words[i + 3] as number), PRIME);
  }
  for (let i = whole; i < words.length; i++) a = Math.imul(a ^ (words[i] as number), PRIME);
  const out = new DataView(new ArrayBuffer(LANES * 4));
  [a, b, c, d].forEach((lane, i) => void out.setInt32(i * 4, lane, true));
  return sha256(new Uint8Array(out.buffer));
}
