import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ENTRY = new URL('../../test/tools/node_modules/node-llama-cpp/dist/index.js', import.meta.url);

/** llama.cpp through node-llama-cpp, when test/tools has it. */
export async function loadLlama(modelPath, { threads, contextLength, sequences }) {
  if (!existsSync(fileURLToPath(ENTRY))) {
    console.log('llama.cpp: npm install --prefix test/tools --no-save --ignore-scripts --omit=optional');
    return undefined;
  }
  const { getLlama, LlamaLogLevel } = await import(ENTRY.href);
  const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, maxThreads: threads, logLevel: LlamaLogLevel.error });
  const model = await llama.loadModel({ modelPath, useMmap: false });
  const context = await model.createContext({ contextSize: contextLength, sequences, threads, batchSize: 512 });
  const slots = Array.from({ length: sequences }, () => context.getSequence());

  async function generate(sequence, prompt, tokens) {
    let made = 0;
    // Prompts share no beginning with what the sequence held; the end of text does not stop a measurement.
    for await (const _ of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) if (++made === tokens) break;
    return made;
  }

  return {
    async decode(prompts, tokens) {
      const firsts = [];
      for (const [i, prompt] of prompts.entries()) {
        await slots[i].clearHistory();
        // All but the last token, as ours holds them.
        await slots[i].evaluateWithoutGeneratingNewTokens(prompt.slice(0, -1));
        firsts.push(prompt.slice(-1));
      }
      const start = performance.now();
      const made = await Promise.all(firsts.map((last, i) => generate(slots[i], last, tokens)));
      return (1000 * made.reduce((sum, count) => sum + count, 0)) / (performance.now() - start);
    },
    async prefill(prompt) {
      await slots[0].clearHistory();
      const start = performance.now();
      await generate(slots[0], prompt, 1);
      return (1000 * prompt.length) / (performance.now() - start);
    },
    async close() {
      await context.dispose();
      await model.dispose();
      await llama.dispose();
    },
  };
}
