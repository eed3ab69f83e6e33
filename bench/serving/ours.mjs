/** Our engine as a node's inference thread runs it. */
export async function openOurs(model, { weightsPath, threads, slots }) {
  const [{ createInferenceEngine }, { createGpt2Tokenizer }, { selectBackend }] = await Promise.all([
    import('../../dist/inference/engine.js'),
    import('../../dist/data/tokenizer.js'),
    import('../../dist/numerics/backends.js'),
  ]);
  const backend = await selectBackend({ wanted: 'auto', threads });
  const tokenizer = await createGpt2Tokenizer({ vocabSize: model.vocab_size });
  const engine = createInferenceEngine({ model, slots }, { backend, tokenizer });
  let id = 0;
  const job = (prompt, maxTokens) => ({
    id: ++id,
    weightsPath,
    modelId: 'bench',
    prompt,
    maxTokens,
    temperature: 0,
    topK: 0,
    topP: 1,
    minP: 0,
    repetitionPenalty: 1,
    presencePenalty: 0,
    frequencyPenalty: 0,
    logitBias: [],
    seed: 1,
    choice: 0,
    stop: [],
    grammar: undefined,
    logprobs: undefined,
    promptLogprobs: false,
  });
  return {
    settings: `${threads} threads, ${backend.name}, keys and values f32, greedy`,
    /** Tokens per second of all streams together, from the first token of the last one to start. */
    async decode(prompts, tokens) {
      await Promise.all(prompts.map((prompt) => engine.generate(job(prompt, 1), () => {})));
      const start = performance.now();
      const ends = await Promise.all(prompts.map((prompt) => engine.generate(job(prompt, tokens), () => {})));
      return (1000 * ends.reduce((sum, end) => sum + end.tokens.length, 0)) / (performance.now() - start);
    },
    async prefill(prompt) {
      const start = performance.now();
      await engine.generate(job(prompt, 1), () => {});
      return (1000 * prompt.length) / (performance.now() - start);
    },
  };
}
