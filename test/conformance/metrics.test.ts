import { describe, expect, it } from 'vitest';
import { startApi } from '../../src/api/testing/node.ts';
import { openCompletions } from '../../src/inference/testing/model.ts';

describe('GET /metrics', () => {
  it('tells Prometheus of the chain and of answers', async () => {
    const { completions } = await openCompletions();
    const { url } = await startApi({ completions });
    const ask = () =>
      fetch(`${url}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'pol-gpt', prompt: 'Hi there', max_tokens: 5 }),
      }).then((response) => response.json());
    await ask();
    await ask();
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const values = new Map(
      (await response.text()).split('\n').map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]),
    );
    expect(values.get('pol_height')).toBe('0');
    expect(values.get('pol_inference_answers_total{end="length"}')).toBe('2');
    expect(values.get('pol_inference_prompt_tokens_total')).toBe('16');
    expect(values.get('pol_inference_cached_tokens_total')).toBe('7');
    expect(values.get('pol_inference_completion_tokens_total')).toBe('10');
    expect(values.get('pol_inference_time_to_first_token_seconds_count')).toBe('2');
    expect(values.get('pol_inference_waiting')).toBe('0');
  });
});
