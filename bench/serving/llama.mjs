import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PACKAGE = new URL('../../test/tools/node_modules/node-llama-cpp/dist/', import.meta.url);
const ENTRY = new URL('index.js', PACKAGE);

/** Its threads are made anew for each pass and wait for each other by spinning: which number of them is faster depends on model, batch and machine. */
const SETTINGS = (threads) =>
  [...new Set([threads, 1])].flatMap((count) => [true, false].map((flashAttention) => ({ threads: count, flashAttention })));

/**
 * llama.cpp through node-llama-cpp, when test/tools has it: one engine for each of the settings that may be its best. Batches are made by
 * hand, below the package's queue, which would spread eight streams over several batches and spends time of its own on every token.
 */
export async function loadLlama(modelPath, { threads, contextLength, sequences }) {
  if (!existsSync(fileURLToPath(ENTRY))) {
    console.log('llama.cpp: npm install --prefix test/tools --no-save --ignore-scripts --omit=optional');
    return { engines: [], close: async () => {} };
  }
  const { getLlama, LlamaLogLevel } = await import(ENTRY.href);
  const { LlamaSampler } = await import(new URL('evaluator/LlamaContext/LlamaSampler.js', PACKAGE).href);
  const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, maxThreads: threads, logLevel: LlamaLogLevel.error });
  const model = await llama.loadModel({ modelPath, useMmap: false });
  const samplers = Array.from({ length: sequences }, () => {
    const sampler = new LlamaSampler(model);
    sampler.applyConfig({ temperature: 0 });
    return sampler;
  });
  const contexts = [];
  for (const setting of SETTINGS(threads)) {
    contexts.push(await model.createContext({ contextSize: contextLength, sequences, batchSize: 512, ...setting }));
  }
  return {
    engines: contexts.map((context) => engineOf(context, samplers)),
    async close() {
      for (const sampler of samplers) sampler.dispose();
      for (const context of contexts) await context.dispose();
      await model.dispose();
      await llama.dispose();
    },
  };
}

function engineOf(context, samplers) {
  const raw = context._ctx;

  /** One llama_decode of what each sequence brings; the likeliest token after the last of each. */
  async function pass(inputs) {
    raw.initBatch(inputs.reduce((sum, { tokens }) => sum + tokens.length, 0));
    const outputs = inputs.map(
      ({ sequence, position, tokens }) =>
        raw.addToBatch(sequence, position, Uint32Array.from(tokens), Uint32Array.of(tokens.length - 1))[0],
    );
    await raw.decodeBatch();
    return Promise.all(outputs.map((output, i) => raw.sampleToken(output, samplers[inputs[i].sequence]._sampler)));
  }

  return {
    settings: `${raw.getThreads()} threads, flash attention ${context.flashAttention ? 'on' : 'off'}`,
    async decode(prompts, tokens) {
      for (const sequence of prompts.keys()) raw.disposeSequence(sequence);
      // All but the last token, as ours holds them.
      await pass(prompts.map((prompt, sequence) => ({ sequence, position: 0, tokens: prompt.slice(0, -1) })));
      let next = prompts.map((prompt) => prompt.at(-1));
      const start = performance.now();
      for (let i = 0; i < tokens; i++) {
        next = await pass(next.map((token, sequence) => ({ sequence, position: prompts[sequence].length - 1 + i, tokens: [token] })));
      }
      return (1000 * tokens * prompts.length) / (performance.now() - start);
    },
    async prefill(prompt) {
      raw.disposeSequence(0);
      const start = performance.now();
      await pass([{ sequence: 0, position: 0, tokens: prompt }]);
      return (1000 * prompt.length) / (performance.now() - start);
    },
  };
}
