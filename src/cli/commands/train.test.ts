import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MODEL, NEW_RUN, runCommand, TEXT } from '../testing/run-command.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';

const events = (out: string): readonly Record<string, unknown>[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const named = (out: string, name: string) => events(out).filter((event) => event.event === name);

describe('train', () => {
  it('trains, measures, saves, and says what it did', async () => {
    const directory = temporaryDirectory();
    const { code, out } = await runCommand(['train', '--out', 'run', ...NEW_RUN, '--eval-every', '4'], { workingDirectory: directory });
    expect(code).toBe(0);
    expect(out).toMatch(/^machine {2}\S+, threads 1\nmodel {4}[\d,]+ parameters: .* context 16\n/);
    expect(out).toMatch(/\npeak {5}[\d.]+ [GT]FLOP\/s in matrix products of \d+³\n/);
    expect(out).toMatch(/\nrun {6}.*run: 8 steps of 64 tokens, learning rate 0.002\n/);
    expect(out).toMatch(/\nstep 4: held-out loss [\d.]+, perplexity [\d.]+, accuracy [\d.]+ %\n/);
    expect(out).toMatch(/\ncomplete after step 8 of 8, state 0x[0-9a-f]{64}\nweights are in run\/weights-8\.f32; /);
    expect(readdirSync(join(directory, 'run')).sort()).toEqual([
      'checkpoints.json',
      'moments-8.f32',
      'run.json',
      'tokens',
      'weights-8.f32',
    ]);
    const run = JSON.parse(readFileSync(join(directory, 'run', 'run.json'), 'utf8'));
    expect(run.config.data).toMatchObject({ source: `file:${TEXT}`, root: expect.stringMatching(/^0x/) });
  });

  it('is stopped by Ctrl-C after a whole step, resumed by the same command, and ends in the bits of one that was not', async () => {
    const workingDirectory = temporaryDirectory();
    const straight = await runCommand(['train', '--out', 'straight', ...NEW_RUN, '--json'], { workingDirectory });
    const [end] = named(straight.out, 'end');
    expect(end).toMatchObject({ complete: true, step: 8 });

    const command = ['train', '--out', 'run', ...NEW_RUN, '--json'];
    const first = await runCommand(command, { workingDirectory, interruptAt: '"step":3,' });
    expect(first.code).toBe(0);
    expect(named(first.out, 'end')).toMatchObject([{ complete: false, step: 3, total_steps: 8, resume: 'pol-node train --out run' }]);
    const second = await runCommand(['train', '--out', 'run', '--json', '--micro-batch', '1', '--checkpointing', 'on', '--resume'], {
      workingDirectory,
      interruptAt: '"step":5,',
    });
    expect(named(second.out, 'start')).toMatchObject([{ step: 3, micro_batch: 1, checkpointing: true }]);
    const third = await runCommand(command, { workingDirectory });
    expect(named(third.out, 'start')).toMatchObject([{ step: 5 }]);
    expect(named(third.out, 'end')).toMatchObject([{ complete: true, state_root: end?.state_root }]);
    const again = await runCommand(command, { workingDirectory });
    expect(named(again.out, 'step')).toEqual([]);
    expect(named(again.out, 'end')).toMatchObject([{ complete: true, state_root: end?.state_root }]);
  });

  it('is stopped before the first step with nothing to save, and starts all the same', async () => {
    const workingDirectory = temporaryDirectory();
    const command = ['train', '--out', 'run', ...NEW_RUN, '--json'];
    const stopped = await runCommand(command, { workingDirectory, interruptAt: 'tokenising' });
    expect(stopped.code).toBe(0);
    expect(events(stopped.out).at(-1)).toEqual({ event: 'warning', text: expect.stringContaining('nothing to save') });
    expect(named((await runCommand(command, { workingDirectory })).out, 'end')).toMatchObject([{ complete: true }]);
  });

  it('shows one line of progress on a terminal', async () => {
    const { err } = await runCommand(['train', '--out', 'run', ...NEW_RUN], {
      workingDirectory: temporaryDirectory(),
      terminal: true,
      columns: 120,
    });
    expect(err).toMatch(/step 8\/8 {2}loss [\d.]+ {2}[\d,]+ tokens\/s {2}\d+ % of peak {2}0 s left/);
  });

  it('chooses a model when none is named', async () => {
    const { code, out } = await runCommand(['train', '--out', 'run', '--data', TEXT, '--steps', '1', '--context-length', '16', '--json'], {
      workingDirectory: temporaryDirectory(),
    });
    expect(code).toBe(0);
    // The chapter is far too short for more than the smallest.
    expect(named(out, 'start')).toMatchObject([{ parameters: expect.toSatisfy((count) => count > 80_000 && count < 120_000) }]);
  });

  it.each<[string, readonly string[], number, RegExp]>([
    ['no folder', ['--data', TEXT], 2, /required option '--out <DIR>'/],
    ['a text that is not there', ['--out', 'run', '--data', 'none.txt'], 1, /file:.*none\.txt": ENOENT/],
    ['a package that is not there', ['--out', 'run', '--data', 'npm:none-such'], 1, /npm install none-such/],
    ['a text too short', ['--out', 'run', '--data', 'short.txt', ...MODEL], 1, /too few for sequences of 16/],
    [
      'too little memory',
      ['--out', 'run', ...NEW_RUN, '--memory', '1M'],
      1,
      /needs at least [\d,]+ bytes .* --checkpointing on, .*--memory/,
    ],
    [
      'a vocabulary too large',
      ['--out', 'run', '--data', TEXT, '--model-size', '100000', '--vocab-size', '50000'],
      1,
      /vocabulary of 50000/,
    ],
    ['a backend of no name', ['--out', 'run', ...NEW_RUN, '--backend', 'abacus'], 1, /backend "abacus" is not available/],
    ['nothing to resume', ['--out', 'run', ...NEW_RUN, '--resume'], 2, /--resume: .*run holds no run/],
    ['a size that is none', ['--out', 'run', '--memory', 'much'], 2, /Write a size such as 512M or 4G/],
    ['checkpointing that is none', ['--out', 'run', '--checkpointing', 'perhaps'], 2, /Allowed choices are auto, on, off/],
  ])('refuses %s', async (_name, argv, code, message) => {
    const workingDirectory = temporaryDirectory();
    writeFileSync(join(workingDirectory, 'short.txt'), 'Call me Ishmael.');
    const result = await runCommand(['train', ...argv], { workingDirectory });
    expect(result.err).toMatch(message);
    expect(result.code).toBe(code);
  });
});

describe('a run that exists', () => {
  it('refuses other flags by name', async () => {
    const workingDirectory = temporaryDirectory();
    const command = ['train', '--out', 'run', ...NEW_RUN];
    await runCommand([...command, '--json'], { workingDirectory });
    const refusals: readonly (readonly [readonly string[], RegExp])[] = [
      [['--seed', '3'], /^error: seed: the run in .*run has 0, and 3 was asked for; leave the flag out to resume/],
      [['--vocab-size', '2048'], /^error: model\./],
      [['--model-size', '2M'], /^error: model\./],
      [['--batch-size', '5'], /learning\.batch_size: .* has 4, and 5/],
      [['--learning-rate', '0.1'], /learning\.learning_rate: .* has 0.002, and 0.1/],
      [['--warmup', '7'], /learning\.warmup_steps: .* has 0, and 7/],
      [['--steps', '7'], /learning\.total_steps: the run did 8 already, and 7 were asked for/],
      [['--data', 'other.txt'], /data root: /],
    ];
    writeFileSync(join(workingDirectory, 'other.txt'), 'Call me Ishmael. '.repeat(500));
    for (const [flags, message] of refusals) {
      const { code, err } = await runCommand(['train', '--out', 'run', ...flags, '--backend', 'auto'], { workingDirectory });
      expect(
        err
          .split('\n')
          .filter((line) => line.startsWith('error'))
          .join(),
      ).toMatch(message);
      expect(code).toBe(1);
    }
    writeFileSync(join(workingDirectory, 'run', 'run.json'), '{}');
    expect((await runCommand(command, { workingDirectory })).err).toMatch(/run\.json: format: /);
  });
});
