import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Grammar } from '../../chain/view.ts';
import { createGpt2Tokenizer } from '../../data/tokenizer.ts';
import { utf8 } from '../../primitives/bytes.ts';
import type { AutomatonState } from './automaton.ts';
import { compileGrammar } from './compile.ts';
import { createVocabulary, isAllowed } from './vocabulary.ts';

function matches(grammar: Grammar, text: string): boolean {
  let state: AutomatonState | undefined = compileGrammar(grammar).start;
  for (const byte of utf8(text)) state = state?.next(byte);
  return state?.accepting ?? false;
}

/** A text of the grammar, chosen byte by byte by `pick`; ends where it may once `limit` bytes are made. */
function generate(grammar: Grammar, pick: (count: number) => number, limit = 200): string {
  let state = compileGrammar(grammar).start;
  const bytes: number[] = [];
  while (!state.complete && !(state.accepting && (bytes.length >= limit || pick(8) === 0))) {
    const open = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => state.next(byte) !== undefined);
    // Towards the end only what closes: quotes, brackets, digits.
    const closing = open.filter((byte) => '"]}0123456789,:'.includes(String.fromCharCode(byte)));
    const from = bytes.length > limit && closing.length > 0 ? closing : open;
    const byte = from[pick(from.length)] as number;
    bytes.push(byte);
    state = state.next(byte) as AutomatonState;
    if (bytes.length > 20 * limit) throw new Error('the text does not end');
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
}

/** A drawn grammar's texts, each checked. */
function everyText(grammar: Grammar, check: (text: string) => void): void {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(1_000_000)), (numbers) => {
      check(generate(grammar, (count) => (numbers.next().value as number) % count));
    }),
    { numRuns: 60 },
  );
}

const refuses = (grammar: Grammar, message: RegExp) =>
  expect(() => compileGrammar(grammar)).toThrow(
    expect.objectContaining({ code: 'INFERENCE_GRAMMAR_INVALID', message: expect.stringMatching(message) }),
  );

describe('regular expressions', () => {
  it.each([
    ['a|bc', ['a', 'bc'], ['', 'abc', 'b']],
    ['[a-c]+x?', ['a', 'abcx'], ['x', 'd']],
    ['(?:ab){2,3}', ['abab', 'ababab'], ['ab', 'abababab']],
    ['\\d{2}-\\w*', ['12-', '12-a_9'], ['1-', '12-é']],
    ['.{3}', ['abc', 'é€😀'], ['ab', 'a\nb']],
    ['[^a-z]', ['A', '€', '\uFFFF'], ['b', '']],
    ['^\\u20ac\\x41$', ['€A'], ['€']],
    ['(a*)*b', ['b', 'aaab'], ['a']],
    ['[\\]\\-x]', [']', '-', 'x'], ['\\']],
    ['a{0}b', ['b'], ['ab']],
  ])('%s', (regex, accepted, rejected) => {
    for (const text of accepted) expect([text, matches({ regex }, text)]).toEqual([text, true]);
    for (const text of rejected) expect([text, matches({ regex }, text)]).toEqual([text, false]);
  });

  it('writes what the expression itself accepts', () => {
    for (const regex of ['[α-ωЀ-џ]{1,4}|[0-9a-f]{2}', '(?:[^\\x00-\\x7f]|a)+?b', '\\s\\S\\W\\D', '[\\u{1F300}-\\u{1F5FF}퟿-]']) {
      everyText({ regex }, (text) => expect(text).toMatch(new RegExp(`^(?:${regex})$`, 'u')));
    }
  });

  it.each([
    ['(', /does not end/],
    ['(?=a)', /not regular/],
    ['\\1', /not supported/],
    ['*a', /nothing before/],
    ['a^b', /inside a pattern/],
    ['^a|b$', /anchors beside alternatives/],
    ['a{5,2}', /repetitions/],
    ['[z-a]', /range/],
    [')', /here/],
    ['(?:(?:(?:a{1000}){1000}){1000})', /nodes/],
  ])('refuses %s', (regex, message) => refuses({ regex }, message));
});

describe('JSON schemas', () => {
  const person = {
    type: 'object',
    properties: {
      name: { type: 'string' },
      age: { type: 'integer', minimum: 0, maximum: 130 },
      tags: { type: 'array', items: { enum: ['a', 'b"', 3, null] }, maxItems: 3 },
      home: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/address' }] },
    },
    required: ['name', 'age', 'home'],
    additionalProperties: false,
    $defs: { address: { type: 'object', properties: { city: { const: 'Rome' } }, required: ['city'], additionalProperties: false } },
  };

  it('writes documents that are valid', () => {
    everyText({ json: person }, (text) => {
      const value = JSON.parse(text) as { name: string; age: number; tags?: unknown[]; home: unknown };
      expect(Object.keys(value).filter((key) => key !== 'tags')).toEqual(['name', 'age', 'home']);
      expect(typeof value.name).toBe('string');
      expect(Number.isInteger(value.age) && value.age >= 0 && value.age <= 130).toBe(true);
      for (const tag of value.tags ?? []) expect(['a', 'b"', 3, null]).toContain(tag);
      expect(value.tags?.length ?? 0).toBeLessThanOrEqual(3);
      if (value.home !== null) expect(value.home).toEqual({ city: 'Rome' });
    });
  });

  it('writes any JSON, and any object, that a parser reads', () => {
    everyText({ json: true }, (text) => void JSON.parse(text));
    everyText({ json: { type: 'object' } }, (text) => expect(JSON.parse(text)).toBeTypeOf('object'));
    everyText({ json: { type: ['string', 'number'] } }, (text) => expect(typeof JSON.parse(text)).toMatch(/string|number/));
  });

  it('recurses', () => {
    const tree = {
      type: 'object',
      properties: { next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } },
      required: ['next'],
      additionalProperties: false,
    };
    expect(matches({ json: tree }, '{"next":{"next": {"next":null}}}')).toBe(true);
    expect(matches({ json: tree }, '{"next":{"next":3}}')).toBe(false);
    expect(matches({ json: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, 'null')).toBe(true);
  });

  it.each([
    [{ type: 'string', pattern: '^a"\\\\+$' }, ['"a\\"\\\\"'], ['"a"', '"a"\\']],
    [{ type: 'string', pattern: 'b' }, ['"b"', '"abc"'], ['"a"']],
    [{ type: 'string', minLength: 2, maxLength: 3 }, ['"éé"', '"a\\nb"'], ['"a"', '"abcd"']],
    [{ type: 'array', items: { type: 'boolean' }, minItems: 1, maxItems: 2 }, ['[true]', '[true, false]'], ['[]', '[true,true,true]']],
    [{ type: 'array', maxItems: 0 }, ['[]'], ['[1]']],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, ['{}', '{"a":1,"b":2}'], ['{"a":"b"}']],
    [{ type: 'object', properties: {}, additionalProperties: false }, ['{}'], ['{"a":1}']],
    [{ enum: [1, 'a'], type: 'string' }, ['"a"'], ['1']],
    [{ type: 'integer', exclusiveMinimum: -12, maximum: 205 }, ['-11', '0', '99', '205'], ['-12', '206', '-0', '007']],
    [{ type: 'number' }, ['0', '-1.5e+10', '3'], ['01', '.5', '1.']],
    [{ type: 'string', format: 'date-time' }, ['"2024-02-29T23:59:60Z"'.replace('60', '59')], ['"2024-13-01T00:00:00Z"']],
    [{ type: 'string', format: 'uuid' }, ['"123e4567-e89b-12d3-a456-426614174000"'], ['"123"']],
    [{ type: 'string', format: 'ipv4' }, ['"255.0.10.199"'], ['"256.0.0.0"']],
    [
      { properties: { a: { type: 'null' }, b: { type: 'null' } }, required: [] },
      ['{}', '{"a":null}', '{"b":null}', '{"a":null,"b":null}'],
      ['{"b":null,"a":null}', '{,"b":null}'],
    ],
  ])('%j', (json, accepted, rejected) => {
    for (const text of accepted) expect([text, matches({ json }, text)]).toEqual([text, true]);
    for (const text of rejected) expect([text, matches({ json }, text)]).toEqual([text, false]);
  });

  it.each([
    [{ type: 'object', properties: { a: { not: {} } } }, /#\/properties\/a: "not" is not supported/],
    [{ oneOf: [] }, /"oneOf"/],
    [{ type: 'text' }, /type "text"/],
    [{ $ref: '#/nowhere' }, /leads nowhere/],
    [{ $ref: 'https://example.org/schema' }, /place in this schema/],
    [{ type: 'object', properties: {}, required: ['a'] }, /"required" names "a"/],
    [{ type: 'string', format: 'uri' }, /format "uri"/],
    [{ type: 'integer', minimum: 5, maximum: 4 }, /no integer/],
    [{ enum: [] }, /enum/],
    [{ type: 'number', multipleOf: 3 }, /"multipleOf"/],
    [{ type: 'array', minItems: 5, maxItems: 2 }, /less than/],
    ['no schema', /must be an object/],
  ])('refuses %j', (json, message) => refuses({ json }, message));
});

describe('the vocabulary', async () => {
  const tokenizer = await createGpt2Tokenizer({ vocabSize: 1024 });
  const vocabulary = createVocabulary(tokenizer, new Set([7]));

  it('allows exactly the tokens whose bytes the grammar goes on with', () => {
    const { start } = compileGrammar({ sequence: [{ literal: ' the ' }, { either: [{ literal: 'end' }, { regex: '[a-m]+!' }] }] });
    let state: AutomatonState | undefined = start;
    for (const text of [' ', 'the', ' ', 'in']) {
      const mask = vocabulary.maskOf(state as AutomatonState);
      let count = 0;
      for (let token = 0; token < 1024; token++) {
        const reaches = token !== 7 && vocabulary.advance(state as AutomatonState, token) !== undefined;
        expect([token, isAllowed(mask, token)]).toEqual([token, reaches]);
        if (reaches) count++;
      }
      expect(mask.count).toBe(count);
      expect(vocabulary.maskOf(state as AutomatonState)).toBe(mask);
      for (const token of tokenizer.encode(text)) state = vocabulary.advance(state as AutomatonState, token);
    }
  });
});
