import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { CompletionService, NodeView } from '../../chain/view.ts';

/** Seconds: from one pass of a small model to a long prompt behind others. */
const FIRST_TOKEN_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface Metrics {
  /** The service, counted. */
  readonly completions: CompletionService;
  /** Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** What a node counts of itself for Prometheus; gauges read the view when they are asked. */
export function createMetrics(view: NodeView, dependencies: { readonly now: () => number }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  const { completions, chain } = view;
  gauge('pol_height', 'Height of the last final block', () => chain.head().height);
  gauge('pol_round', 'The open round', () => chain.state().open.number);
  gauge('pol_peers', 'Connected peers', () => view.peers().length);
  gauge('pol_pooled_transactions', 'Transactions that wait for a block', () => chain.poolSize);
  gauge('pol_training_tokens_per_second', 'Speed of training in the open round', () => view.training().progress?.tokensPerSecond ?? 0);
  gauge('pol_inference_running', 'Answers being made', () => completions.stats().running);
  gauge('pol_inference_waiting', 'Answers waiting for a place in the batch', () => completions.stats().waiting);

  const answers = new Counter({ name: 'pol_inference_answers_total', help: 'Answers by how they ended', labelNames: ['end'], registers });
  const prompt = new Counter({ name: 'pol_inference_prompt_tokens_total', help: 'Tokens of prompts', registers });
  const cached = new Counter({ name: 'pol_inference_cached_tokens_total', help: 'Tokens of prompts that were still held', registers });
  // Tokens per second: rate() of this.
  const made = new Counter({ name: 'pol_inference_completion_tokens_total', help: 'Tokens made', registers });
  const embedded = new Counter({ name: 'pol_inference_embedded_tokens_total', help: 'Tokens embedded', registers });
  const first = new Histogram({
    name: 'pol_inference_time_to_first_token_seconds',
    help: 'From the request to the first text of its answer',
    buckets: FIRST_TOKEN_BUCKETS,
    registers,
  });

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    completions: {
      ...completions,
      async *complete(request) {
        const started = dependencies.now();
        let heard = false;
        let ended = 'error';
        try {
          for await (const event of completions.complete(request)) {
            if (!heard) first.observe((dependencies.now() - started) / 1000);
            heard = true;
            if (event.type === 'end') {
              ended = event.reason;
              prompt.inc(request.prompt.length);
              cached.inc(event.cachedTokens);
              made.inc(event.tokens.length);
            }
            yield event;
          }
        } finally {
          answers.inc({ end: ended === 'error' && request.signal.aborted ? 'cancelled' : ended });
        }
      },
      async embed(tokens, signal) {
        const result = await completions.embed(tokens, signal);
        embedded.inc(tokens.length);
        return result;
      },
    },
  };
}
