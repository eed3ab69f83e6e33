import { type ModelConfig, modelRuleBroken, modelSchema } from '../../params/genesis.ts';
import { formatError } from './errors.ts';

/**
 * A model's shape from what a checkpoint says. @param file for messages
 * @throws FORMAT_UNSUPPORTED naming the field and the rule when this program has no model of the shape
 */
export function modelConfigFrom(fields: Readonly<Record<keyof ModelConfig, unknown>>, file: string): ModelConfig {
  const parsed = modelSchema.safeParse(fields);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw formatError('FORMAT_UNSUPPORTED', `${file}: ${issue?.path.join('.') || 'the shape'}: ${issue?.message ?? 'invalid'}`);
  }
  const broken = modelRuleBroken(parsed.data);
  if (broken !== undefined) throw formatError('FORMAT_UNSUPPORTED', `${file}: ${broken}`);
  return parsed.data;
}
