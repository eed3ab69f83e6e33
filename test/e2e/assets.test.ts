import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gpt2Document } from '../../src/data/tokenizers/gpt2-document.ts';
import { createTestNetwork, runProgram, type TestNetwork, type TestNode, until } from './network.ts';

const VOCABULARY = 512;
const TEMPLATE =
  "{% for message in messages %}{{ '(' + message['role'] + ') ' + message['content'] + '\\n' }}{% endfor %}{% if add_generation_prompt %}(assistant){% endif %}";
const MESSAGES = [
  { role: 'system', content: 'short' },
  { role: 'user', content: 'the whale' },
];
const RENDERED = '(system) short\n(user) the whale\n(assistant)';

interface SettledModel {
  readonly model_root: string;
  readonly round: number;
}

describe('a network of its own text and tokenizer', () => {
  let files: string;
  let network: TestNetwork;
  let first: TestNode;
  let far: TestNode;

  beforeAll(async () => {
    files = await mkdtemp(join(tmpdir(), 'pol-assets-'));
    const text = join(files, 'text.txt');
    const tokenizer = join(files, 'tokenizer');
    await writeFile(text, Array.from({ length: 8_000 }, (_, i) => `Line ${i} of the whale's ${(i * 7919) % 1000} sayings.`).join('\n'));
    await mkdir(tokenizer);
    await writeFile(join(tokenizer, 'tokenizer.json'), await gpt2Document(VOCABULARY));
    await writeFile(join(tokenizer, 'tokenizer_config.json'), JSON.stringify({ chat_template: TEMPLATE }));
    network = await createTestNetwork({ authorities: 1, nodes: 1, flags: ['--data', `file:${text}`, '--tokenizer', tokenizer] });
    first = network.node('authority_0');
    far = network.node('node_1');
    await first.start();
    // Another machine, as far as files go: even the genesis comes from the boot node, and the text is gone.
    const data = join(files, 'far');
    const { genesis_file: _, ...config }: Record<string, unknown> = {
      ...far.config,
      data_dir: data,
      dataset_cache: join(data, 'datasets'),
    };
    await writeFile(join(network.directory, 'node_1_config.json'), JSON.stringify(config));
    await rename(text, join(files, 'text.away'));
    await far.start();
  }, 300_000);
  afterAll(async () => {
    await network?.dispose();
    await rm(files, { recursive: true, force: true });
  });

  it('gives a newcomer tokenizer and tokens by their hashes, and it trains on them', async () => {
    const { tokenizer } = network.genesis as unknown as { tokenizer: { hash: string; config_hash: string } };
    const assets = await readdir(join(files, 'far', 'assets'));
    expect(assets.sort()).toEqual([tokenizer.hash, tokenizer.config_hash].map((hash) => `${hash.slice(2)}.json`).sort());
    const { address } = await far.get<{ address: string }>('/api/v1/status');
    await until('a proof of the newcomer to be accepted', async () => {
      const { trainers } = await first.get<{ trainers: readonly { address: string; accepted: number }[] }>('/api/v1/network/info');
      return trainers.some((trainer) => trainer.address === address && trainer.accepted > 0);
    });
  }, 300_000);

  it('speaks by the chat template of the tokenizer’s files', async () => {
    const post = async (path: string, body: object) =>
      (
        await fetch(`${far.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
      ).json();
    const { count } = (await post('/tokenize', { content: RENDERED })) as { count: number };
    expect(await post('/v1/chat/completions', { model: 'pol-gpt', messages: MESSAGES, max_tokens: 1, seed: 1 })).toMatchObject({
      object: 'chat.completion',
      usage: { prompt_tokens: count },
    });
  }, 120_000);

  it('exports what a node has settled on, with a lineage that the chain bears out', async () => {
    await until('a trained round to be the settled model', async () => (await far.get<SettledModel>('/api/v1/models/settled')).round >= 1);
    const output = join(files, 'export');
    await runProgram(['export', '--url', far.url, '--output', output]);
    const [config, lineage] = await Promise.all(
      ['tokenizer_config.json', 'lineage.json'].map(async (name) => JSON.parse(await readFile(join(output, name), 'utf8'))),
    );
    expect(config).toMatchObject({ chat_template: TEMPLATE });
    expect(lineage).toMatchObject({ format: 'pol-lineage-1', checkpoint: { settled_round: expect.any(Number) } });
    const flags = ['--url', first.url, '--json'];
    expect(JSON.parse(await runProgram(['verify', '--lineage', join(output, 'lineage.json'), ...flags]))).toMatchObject({ holds: true });

    // From its files once it is stopped: the same model may have moved on, its lineage is there again.
    await far.stop();
    const again = join(files, 'export-again');
    await runProgram(['export', '--model', join(files, 'far'), '--format', 'gguf', '--output', again]);
    await access(again);
    expect((await readFile(again)).includes('"format":"pol-lineage-1"')).toBe(true);
  }, 300_000);
});
