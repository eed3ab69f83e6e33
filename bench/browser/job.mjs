// Training of a fixed length that runs in a tab and in Node alike; `pol` is dist/browser.js.

/** Tokens that follow a rule with some disturbance: something to learn, the same everywhere. */
function ruleTokens({ vocab_size: vocab, context_length: context }, sequences, start) {
  let token = start % vocab;
  return Int32Array.from({ length: sequences * (context + 1) }, (_, i) => {
    const given = token;
    token = (token * 5 + 3 + (i % 7 === 0 ? i : 0)) % vocab;
    return given;
  });
}

/** SHA-256 of weights and both moments, in hexadecimal. */
async function stateHash({ weights, firstMoment, secondMoment }) {
  const parts = [weights, firstMoment, secondMoment];
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  const digest = await globalThis.crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * @param job { model, learning, steps }
 * @returns { hash, losses, tokensPerSecond }: of the state after all steps; losses of the first and the last; of the fastest step
 */
export async function runJob(pol, backend, { model, learning, steps }) {
  const engine = pol.createTrainingEngine({ model, learning }, { backend });
  pol.initialiseWeights(model, new Uint8Array(32).fill(7), engine.weights);
  const losses = [];
  let fastest = Number.POSITIVE_INFINITY;
  for (let step = 1; step <= steps; step++) {
    const tokens = ruleTokens(model, learning.batch_size, step);
    const start = performance.now();
    const { loss } = engine.step(tokens, { adamStep: step, learningRate: learning.learning_rate });
    fastest = Math.min(fastest, performance.now() - start);
    losses.push(loss);
  }
  const hash = await stateHash(engine);
  engine.release();
  return { hash, losses: [losses[0], losses.at(-1)], tokensPerSecond: (learning.batch_size * model.context_length * 1000) / fastest };
}
