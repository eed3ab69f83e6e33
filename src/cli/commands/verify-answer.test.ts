import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startApi } from '../../api/testing/node.ts';
import { GENESIS } from '../../chain/testing/network.ts';
import { MODEL, openCompletions } from '../../inference/testing/model.ts';
import type { Operands } from '../../numerics/backend.ts';
import { listBackends, selectBackend } from '../../numerics/backends.ts';
import { runCommand } from '../testing/run-command.ts';

const genesis = { ...GENESIS, model: MODEL };
const compiled = listBackends().filter((name) => name === 'wasm' || name === listBackends()[0]);

/** A node that answers on its fastest backend, and a way to ask and verify. */
async function setUp(operands: Operands = 'bf16') {
  const { completions, served } = await openCompletions(MODEL, await selectBackend({ wanted: 'auto', threads: 1, operands }));
  const { url } = await startApi({ completions });
  const directory = mkdtempSync(join(tmpdir(), 'pol-verify-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const genesisFile = join(directory, 'genesis.json');
  writeFileSync(genesisFile, JSON.stringify(genesis));
  async function ask(path: string, request: object) {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    return { request, response: (await response.json()) as Record<string, never> };
  }
  async function verify(pair: object, ...more: readonly string[]) {
    const file = join(directory, 'answer.json');
    writeFileSync(file, JSON.stringify(pair));
    return runCommand(['verify-answer', file, '--url', url, '--genesis-file', genesisFile, ...more], { fetch });
  }
  return { ask, verify, served, directory };
}

describe('verify-answer', () => {
  it.each(compiled)('finds answers of another backend true on %s', async (backend) => {
    const { ask, verify } = await setUp();
    const messages = [{ role: 'user', content: 'Hi' }];
    const pairs = [
      await ask('/v1/chat/completions', { model: 'pol-gpt', messages, temperature: 0, seed: 1, max_tokens: 20 }),
      await ask('/v1/chat/completions', { model: 'pol-gpt', messages, n: 3, max_tokens: 10, top_p: 0.9, presence_penalty: 1 }),
      await ask('/v1/completions', { model: 'pol-gpt', prompt: ['Hi', 'Ho'], echo: true, logprobs: 1, max_tokens: 8 }),
      await ask('/v1/responses', { model: 'pol-gpt', input: 'Hi', text: { format: { type: 'json_object' } }, max_output_tokens: 20 }),
    ];
    for (const pair of pairs) {
      const { code, out, err } = await verify(pair, '--backend', backend);
      expect([code, err]).toEqual([0, '']);
      expect(out).toMatch(/^(answer \d: yes: \d+ tokens, bit for bit\n)+$/);
    }
  });

  it('computes an answer with the operands that it names', async () => {
    const { ask, verify } = await setUp('f32');
    const pair = await ask('/v1/completions', { model: 'pol-gpt', prompt: 'Hi', seed: 3, max_tokens: 8 });
    expect(pair.response).toMatchObject({ pol: { answers: [{ operands: 'f32' }] } });
    expect(await verify(pair)).toMatchObject({ code: 0, out: 'answer 0: yes: 8 tokens, bit for bit\n' });
  });

  it('says which token is not the model’s', async () => {
    const { ask, verify } = await setUp();
    const pair = await ask('/v1/completions', { model: 'pol-gpt', prompt: 'Hi', seed: 3, max_tokens: 8 });
    const forged = structuredClone(pair) as unknown as {
      response: { choices: { text: string }[]; pol: { answers: { tokens: number[] }[] } };
    };
    const tokens = forged.response.pol.answers[0]?.tokens as number[];
    tokens[5] = ((tokens[5] as number) + 1) % 256;
    expect(await verify(forged)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^answer 0: no: at 5 the response has token \d+, the model token \d+\n$/),
    });
    const edited = structuredClone(pair) as unknown as typeof forged;
    (edited.response.choices[0] as { text: string }).text += '!';
    expect(await verify(edited)).toMatchObject({ code: 1, out: expect.stringContaining('the text shown is not theirs') });
  });

  it('takes weights from a file, and refuses those of another model', async () => {
    const { ask, verify, served, directory } = await setUp();
    const pair = await ask('/v1/completions', { model: 'pol-gpt', prompt: 'Hi', max_tokens: 4 });
    const copy = join(directory, 'copy.f32');
    copyFileSync(served.weightsPath, copy);
    expect(await verify(pair, '--weights', copy)).toMatchObject({ code: 0 });
    const other = new Float32Array(new Uint8Array(await (await import('node:fs/promises')).readFile(copy)).buffer);
    other[0] = (other[0] as number) + 1;
    writeFileSync(copy, new Uint8Array(other.buffer));
    expect(await verify(pair, '--weights', copy)).toMatchObject({ code: 1, err: expect.stringContaining('the response names') });
    writeFileSync(copy, 'short');
    expect(await verify(pair, '--weights', copy)).toMatchObject({ code: 1, err: expect.stringContaining('has 5 bytes') });
  });

  it('asks for a request and a response', async () => {
    const { verify } = await setUp();
    expect(await verify({ request: {} })).toMatchObject({ code: 2, err: expect.stringContaining('must hold') });
  });
});
