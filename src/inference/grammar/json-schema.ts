import { inferenceError } from '../errors.ts';
import { MAX_EXPRESSION_DEPTH, MAX_NUMBER_DIGITS } from '../limits.ts';
import { byte, choice, EMPTY, type Expression, literal, repeat, rule, sequence } from './expression.ts';
import { STRING_FORMATS } from './formats.ts';
import {
  ANY_CHARACTER,
  ANY_VALUE,
  arrayOf,
  BOOLEAN,
  COMMA,
  INTEGER,
  integersBetween,
  member,
  NULL,
  NUMBER,
  objectOf,
  STRING,
  stringCharacters,
  stringOf,
} from './json.ts';
import { parsePattern } from './regex.ts';

type Schema = Readonly<Record<string, unknown>>;
type SchemaType = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';

/** Tell nothing about what is valid. */
const ANNOTATIONS = [
  'title',
  'description',
  'default',
  'examples',
  '$schema',
  '$id',
  '$comment',
  'deprecated',
  'readOnly',
  'writeOnly',
  'strict',
];
const DEFINITIONS = ['$defs', 'definitions'];
const KEYWORDS: Readonly<Record<SchemaType, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'minItems', 'maxItems'],
  string: ['format', 'pattern', 'minLength', 'maxLength'],
  number: [],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  boolean: [],
  null: [],
};
const TYPES = Object.keys(KEYWORDS) as readonly SchemaType[];
const MAX_COUNT = 1_000;
const LARGEST_INTEGER = 10 ** MAX_NUMBER_DIGITS - 1;

/**
 * The JSON documents valid for a schema, as an expression and the rules that its references name. Supported: type (also a list), enum,
 * const, properties, required, additionalProperties, items, minItems, maxItems, anyOf, $ref within the document, format, pattern,
 * minLength, maxLength, and bounds of integers. Rules are named by their references, after `prefix`. Properties appear in the order of `properties`; names that are not declared appear only
 * where no properties are. Whatever is generated is valid; not every valid document can be generated.
 * @throws INFERENCE_GRAMMAR_INVALID naming the keyword and where it stands
 */
export function schemaExpression(root: unknown, rules: Map<string, Expression>, prefix = ''): Expression {
  const underWay = new Set<string>();

  function compile(schema: unknown, path: string, depth: number): Expression {
    if (schema === true) return ANY_VALUE;
    if (!isSchema(schema)) return refuse(path, 'a schema must be an object');
    if (depth > MAX_EXPRESSION_DEPTH) return refuse(path, `schemas nest deeper than ${MAX_EXPRESSION_DEPTH}; use $ref`);
    const given = Object.keys(schema).filter(
      (key) => schema[key] !== undefined && !ANNOTATIONS.includes(key) && !DEFINITIONS.includes(key),
    );
    const only = (...allowed: readonly string[]) => {
      const other = given.find((key) => !allowed.includes(key));
      if (other !== undefined)
        refuse(path, `"${other}" is not supported${given.length > 1 ? ` beside ${given.filter((key) => key !== other).join(', ')}` : ''}`);
    };
    if (given.length === 0) return ANY_VALUE;
    if ('$ref' in schema) {
      only('$ref');
      return reference(schema.$ref, path, depth);
    }
    if ('enum' in schema || 'const' in schema) {
      only('enum', 'const', 'type');
      return values(schema, path);
    }
    if ('anyOf' in schema) {
      only('anyOf');
      const options = list(schema.anyOf, path, 'anyOf');
      return choice(...options.map((option, i) => compile(option, `${path}/anyOf/${i}`, depth + 1)));
    }
    const types = typesOf(schema, path);
    only('type', ...types.flatMap((type) => KEYWORDS[type]));
    if (types.length === 0) return refuse(path, 'no type');
    return choice(...types.map((type) => ofType(type, schema, path, depth)));
  }

  function reference(target: unknown, path: string, depth: number): Expression {
    if (typeof target !== 'string' || !target.startsWith('#')) return refuse(path, '$ref must name a place in this schema (#…)');
    const name = prefix + target;
    if (!underWay.has(name)) {
      underWay.add(name);
      rules.set(name, compile(resolve(root, target, path), target, depth + 1));
    }
    return rule(name);
  }

  function ofType(type: SchemaType, schema: Schema, path: string, depth: number): Expression {
    switch (type) {
      case 'object':
        return objectExpression(schema, path, depth);
      case 'array': {
        const [least, most] = bounds(schema, path, 'minItems', 'maxItems');
        return arrayOf(schema.items === undefined ? ANY_VALUE : compile(schema.items, `${path}/items`, depth + 1), least, most);
      }
      case 'string':
        return stringExpression(schema, path);
      case 'integer':
        return integerExpression(schema, path);
      case 'number':
        return NUMBER;
      case 'boolean':
        return BOOLEAN;
      case 'null':
        return NULL;
    }
  }

  function objectExpression(schema: Schema, path: string, depth: number): Expression {
    const { properties = {}, required = [], additionalProperties } = schema;
    if (!isSchema(properties)) return refuse(path, '"properties" must be an object');
    const names = Object.keys(properties);
    const needed = list(required, path, 'required', true);
    const missing = needed.find((name) => typeof name !== 'string' || !names.includes(name));
    if (missing !== undefined) return refuse(path, `"required" names "${String(missing)}", which "properties" does not have`);
    if (names.length === 0) {
      if (additionalProperties === false) return literal('{}');
      return objectOf(
        additionalProperties === undefined ? ANY_VALUE : compile(additionalProperties, `${path}/additionalProperties`, depth + 1),
      );
    }
    // From the last member to the first: what may follow when something, and when nothing, came before.
    let afterSome: Expression = EMPTY;
    let atStart: Expression = EMPTY;
    for (const name of names.reverse()) {
      const pair = member(name, compile(properties[name], `${path}/properties/${name}`, depth + 1));
      const isRequired = needed.includes(name);
      const present = sequence(pair, afterSome);
      const later = sequence(COMMA, pair, afterSome);
      atStart = isRequired ? present : choice(present, atStart);
      afterSome = isRequired ? later : choice(later, afterSome);
    }
    return sequence(byte(0x7b), atStart, byte(0x7d));
  }

  return compile(root, '#', 0);
}

function stringExpression(schema: Schema, path: string): Expression {
  const { format, pattern } = schema;
  const [least, most] = bounds(schema, path, 'minLength', 'maxLength');
  const measured = least > 0 || most !== undefined;
  if ((format !== undefined || pattern !== undefined) && measured)
    refuse(path, '"minLength" and "maxLength" beside "format" or "pattern" are not supported');
  if (format !== undefined && pattern !== undefined) refuse(path, '"format" beside "pattern" is not supported');
  if (format !== undefined) {
    const known = typeof format === 'string' ? STRING_FORMATS[format] : undefined;
    if (known === undefined) return refuse(path, `format "${String(format)}" is not one of ${Object.keys(STRING_FORMATS).join(', ')}`);
    return stringOf(parsePattern(known, stringCharacters).expression);
  }
  if (pattern !== undefined) {
    if (typeof pattern !== 'string') return refuse(path, '"pattern" must be text');
    // JSON Schema searches: what is not anchored may stand anywhere.
    const { expression, fromStart, toEnd } = parsePattern(pattern, stringCharacters);
    const anything = repeat(ANY_CHARACTER, 0);
    return stringOf(sequence(fromStart ? EMPTY : anything, expression, toEnd ? EMPTY : anything));
  }
  return measured ? stringOf(repeat(ANY_CHARACTER, least, most)) : STRING;
}

function integerExpression(schema: Schema, path: string): Expression {
  const bound = (key: string): number | undefined => {
    const value = schema[key];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || Math.abs(value) > LARGEST_INTEGER)
      return refuse(path, `"${key}" must be a number of at most ${MAX_NUMBER_DIGITS} digits`);
    return value;
  };
  const [minimum, above, maximum, below] = ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'].map(bound);
  if ([minimum, above, maximum, below].every((value) => value === undefined)) return INTEGER;
  const least = Math.max(
    minimum === undefined ? -LARGEST_INTEGER : Math.ceil(minimum),
    above === undefined ? -LARGEST_INTEGER : Math.floor(above) + 1,
  );
  const most = Math.min(
    maximum === undefined ? LARGEST_INTEGER : Math.floor(maximum),
    below === undefined ? LARGEST_INTEGER : Math.ceil(below) - 1,
  );
  if (least > most) return refuse(path, 'no integer is within the bounds');
  return integersBetween(least, most);
}

function values(schema: Schema, path: string): Expression {
  const types = schema.type === undefined ? TYPES : typesOf(schema, path);
  const all = ('const' in schema ? [schema.const] : list(schema.enum, path, 'enum')).filter((value) =>
    types.some((type) => isOfType(value, type)),
  );
  if (all.length === 0) return refuse(path, 'no value is of the type');
  return choice(...all.map((value) => literal(JSON.stringify(value))));
}

function isOfType(value: unknown, type: SchemaType): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isSchema(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

/** Without `type`, the types that the keywords are about, or all. */
function typesOf(schema: Schema, path: string): readonly SchemaType[] {
  const { type } = schema;
  const named =
    type === undefined
      ? TYPES.filter((known) => KEYWORDS[known].some((keyword) => keyword in schema))
      : Array.isArray(type)
        ? type
        : [type];
  const unknown = named.find((name) => !TYPES.includes(name as SchemaType));
  if (unknown !== undefined) return refuse(path, `type "${String(unknown)}" is not one of ${TYPES.join(', ')}`);
  return named as readonly SchemaType[];
}

function bounds(schema: Schema, path: string, leastKey: string, mostKey: string): readonly [number, number | undefined] {
  const read = (key: string): number | undefined => {
    const value = schema[key];
    if (value === undefined) return undefined;
    if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > MAX_COUNT)
      return refuse(path, `"${key}" must be a whole number from 0 to ${MAX_COUNT}`);
    return value as number;
  };
  const least = read(leastKey) ?? 0;
  const most = read(mostKey);
  if (most !== undefined && most < least) return refuse(path, `"${mostKey}" is less than "${leastKey}"`);
  return [least, most];
}

/** Follows a JSON pointer (RFC 6901) within the schema. */
function resolve(root: unknown, target: string, path: string): unknown {
  let found: unknown = root;
  for (const part of target.split('/').slice(1)) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[name] : undefined;
  }
  return found ?? refuse(path, `$ref "${target}" leads nowhere`);
}

function list(value: unknown, path: string, key: string, mayBeEmpty = false): readonly unknown[] {
  if (!Array.isArray(value) || (value.length === 0 && !mayBeEmpty))
    return refuse(path, `"${key}" must be a list${mayBeEmpty ? '' : ' with something in it'}`);
  return value;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(path: string, what: string): never {
  throw inferenceError('INFERENCE_GRAMMAR_INVALID', `schema ${path}: ${what}`);
}
