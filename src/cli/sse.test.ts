import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sseData } from './sse.ts';

async function read(chunks: readonly Uint8Array[]): Promise<string[]> {
  const out: string[] = [];
  async function* stream() {
    yield* chunks;
  }
  for await (const data of sseData(stream())) out.push(data);
  return out;
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe('sseData', () => {
  it('gives the data of each event and skips the rest', async () => {
    const text = ': comment\nid: 1\ndata: one\n\ndata:two\r\ndata: lines\r\n\r\nevent: x\n\ndata: [DONE]\n\n';
    expect(await read([bytes(text)])).toEqual(['one', 'two\nlines', '[DONE]']);
  });

  it('does not mind where the chunks are cut, within characters too', async () => {
    const text = 'data: {"a":"ä€😀"}\n\ndata: two\r\n\r\n';
    const all = bytes(text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: all.length })), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), all.length];
        const chunks = edges.slice(1).map((end, index) => all.slice(edges[index], end));
        expect(await read(chunks)).toEqual(['{"a":"ä€😀"}', 'two']);
      }),
    );
  });
});
