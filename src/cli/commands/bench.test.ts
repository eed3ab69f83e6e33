import { describe, expect, it } from 'vitest';
import { runCommand } from '../testing/run-command.ts';

describe('bench', () => {
  it('measures each backend that is named against the best product', async () => {
    const argv = ['bench', '--model-size', '100000', '--context-length', '16', '--batch-size', '2', '--threads', '1', '--seconds', '0.05'];
    const { code, out } = await runCommand([...argv, '--backend', 'auto,wasm', '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(report.rows.map((row: { backend: string }) => row.backend).at(-1)).toBe('wasm');
    expect(report.peak_flops).toBe(Math.max(...report.rows.map((row: { matmul_flops: number }) => row.matmul_flops)));
    for (const row of report.rows) expect(row.peak_share).toBeGreaterThan(0);
    expect((await runCommand([...argv, '--backend', 'wasm'])).out).toMatch(/\nwasm +1 +[\d.]+ GFLOP\/s \(\d+³\) +[\d,]+ +[\d.]+ %\npeak: /);
  });

  it.each([
    ['a backend that is not there', ['--backend', 'abacus'], 1, /backend "abacus"/],
    ['threads that are none', ['--threads', 'two'], 2, /--threads: "two"/],
  ])('refuses %s', async (_name, flags, code, message) => {
    const result = await runCommand(['bench', ...flags]);
    expect(result.err).toMatch(message);
    expect(result.code).toBe(code);
  });
});
