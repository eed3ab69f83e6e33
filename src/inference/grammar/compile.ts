import type { Grammar } from '../../chain/view.ts';
import { isPolError } from '../../primitives/errors.ts';
import { type Automaton, createAutomaton } from './automaton.ts';
import { choice, type Expression, literal, sequence } from './expression.ts';
import { ANY_OBJECT, ANY_VALUE_RULE, anyValue } from './json.ts';
import { schemaExpression } from './json-schema.ts';
import { parsePattern } from './regex.ts';
import { characters } from './utf8.ts';

/**
 * The automaton of what a request allows. A regular expression must match the whole answer, anchored or not.
 * @throws INFERENCE_GRAMMAR_INVALID
 *
 * @example
 * compileGrammar({ json: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'], additionalProperties: false } });
 */
export function compileGrammar(grammar: Grammar): Automaton {
  const rules = new Map<string, Expression>([[ANY_VALUE_RULE, anyValue()]]);
  let schemas = 0;

  function expressionOf(part: Grammar): Expression {
    if ('literal' in part) return literal(part.literal);
    if ('regex' in part) return parsePattern(part.regex, characters).expression;
    // References are local to their schema: each schema names its rules apart.
    if ('json' in part) return jsonExpression(part.json, part.leniently === true);
    if ('sequence' in part) return sequence(...part.sequence.map(expressionOf));
    return choice(...part.either.map(expressionOf));
  }

  function jsonExpression(schema: unknown, leniently: boolean): Expression {
    try {
      return schemaExpression(schema, rules, `${schemas++}:`);
    } catch (error) {
      if (!leniently || !isPolError(error, 'INFERENCE_GRAMMAR_INVALID')) throw error;
      return ANY_OBJECT;
    }
  }

  return createAutomaton(expressionOf(grammar), rules);
}
