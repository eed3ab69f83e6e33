import { describe, expect, it } from 'vitest';
import { runCommand } from '../testing/run-command.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';

describe('doctor', () => {
  it('predicts the memory of training', async () => {
    const doctor = (...flags: string[]) => runCommand(['doctor', '--data-dir', '.', ...flags], { workingDirectory: temporaryDirectory() });
    const fits = await doctor('--model-size', '1M', '--memory', '1G', '--json');
    expect(JSON.parse(fits.out).training).toMatchObject({ budgetBytes: 2 ** 30, choice: { checkpointing: false } });
    const large = await doctor('--model-size', '100M', '--memory', '1G');
    expect(large.code).toBe(1);
    expect(large.out).toMatch(/fail {2}training [\d,]+ parameters does not fit: .* needs at least [\d,]+ bytes/);
  });
});
