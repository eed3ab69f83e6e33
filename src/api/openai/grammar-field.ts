import { isPolError, PolError } from '../../primitives/errors.ts';

/** A grammar is compiled where answers are made; its refusal names the field of the request that it came from. */
export async function blamingGrammar<T>(param: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isPolError(error, 'INFERENCE_GRAMMAR_INVALID')) throw error;
    throw new PolError(error.code, `${param}: ${error.message}`, { cause: error, http: error.http, data: { param } });
  }
}
