import { describe, expect, it } from 'vitest';
import { NEW_RUN, runCommand, TEXT } from '../testing/run-command.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';

describe('eval', () => {
  it('measures held-out text with the same bits on every backend, and other texts', async () => {
    const workingDirectory = temporaryDirectory();
    await runCommand(['train', '--out', 'run', ...NEW_RUN, '--json'], { workingDirectory });
    const evaluate = async (...flags: string[]) =>
      JSON.parse((await runCommand(['eval', '--model', 'run', '--json', ...flags], { workingDirectory })).out);
    const own = await evaluate();
    expect(own).toMatchObject({ step: 8, part: 'held-out', tokens: own.sequences * 16, perplexity: Math.exp(own.loss) });
    expect(own.loss).toBeGreaterThan(3);
    const slow = await evaluate('--backend', 'wasm');
    expect(slow).toMatchObject({ loss: own.loss, accuracy: own.accuracy, weights_root: own.weights_root, backend: 'wasm' });
    expect(await evaluate('--data', TEXT)).toMatchObject({ part: 'all' });
    expect((await evaluate('--data', TEXT, '--sequences', '5')).tokens).toBe(80);
    const text = await runCommand(['eval', '--model', 'run'], { workingDirectory });
    expect(text.out).toMatch(/\nheld-out loss [\d.]+, perplexity [\d.]+, accuracy [\d.]+ %\n[\d,]+ tokens\/s/);
  });

  it('refuses a folder without a run', async () => {
    const { code, err } = await runCommand(['eval', '--model', 'none'], { workingDirectory: temporaryDirectory() });
    expect(err).toMatch(/none holds no run; name the --out folder/);
    expect(code).toBe(1);
  });
});
