import { z } from 'zod';
import type { SamplingOptions } from '../../chain/view.ts';
import { MAX_CHOICES, MAX_LOGIT_BIASES, MAX_STOP_SEQUENCES } from '../limits.ts';

/** Fields that chat completions and completions share. `top_k`, `min_p`, `repetition_penalty` and `guided_regex` are not OpenAI's. */
export const generationFields = {
  model: z.string(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.number().int().min(0).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().gt(0).max(10).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z
    .record(z.string().regex(/^\d{1,9}$/, 'must be a token'), z.number().min(-100).max(100))
    .refine((biases) => Object.keys(biases).length <= MAX_LOGIT_BIASES, `at most ${MAX_LOGIT_BIASES} tokens`)
    .nullish(),
  seed: z.number().int().nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(MAX_STOP_SEQUENCES)]).nullish(),
  n: z.number().int().min(1).max(MAX_CHOICES).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  guided_regex: z.string().nullish(),
};

type GenerationFields = z.infer<z.ZodObject<typeof generationFields>>;

/** What is left out samples plainly. */
export function samplingOf(fields: Partial<GenerationFields>): SamplingOptions {
  return {
    temperature: fields.temperature ?? 1,
    topP: fields.top_p ?? 1,
    topK: fields.top_k ?? 0,
    minP: fields.min_p ?? 0,
    repetitionPenalty: fields.repetition_penalty ?? 1,
    presencePenalty: fields.presence_penalty ?? 0,
    frequencyPenalty: fields.frequency_penalty ?? 0,
    logitBias: Object.entries(fields.logit_bias ?? {}).map(([token, bias]) => [Number(token), bias] as const),
  };
}

export function stopsOf(stop: GenerationFields['stop']): readonly string[] {
  return typeof stop === 'string' ? [stop] : (stop ?? []);
}
