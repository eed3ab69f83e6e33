import { MAX_NUMBER_DIGITS } from '../limits.ts';
import { byte, choice, type Expression, literal, optional, repeat, rule, sequence } from './expression.ts';
import { characters, intersect, LAST_CODE_POINT, type Range } from './utf8.ts';

/** JSON (RFC 8259) as it is generated: no white space but one optional space after a comma and a colon. */

const QUOTE = byte(0x22);
const DIGIT = byte(0x30, 0x39);
const SPACE = optional(byte(0x20));
export const COMMA = sequence(byte(0x2c), SPACE);
export const COLON = sequence(byte(0x3a), SPACE);

/** Characters that stand for themselves in a string. */
const PLAIN: readonly Range[] = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, LAST_CODE_POINT],
];
const SHORT_ESCAPES: readonly (readonly [codePoint: number, letter: string])[] = [
  [0x22, '"'],
  [0x5c, '\\'],
  [0x08, 'b'],
  [0x0c, 'f'],
  [0x0a, 'n'],
  [0x0d, 'r'],
  [0x09, 't'],
];

/** One character of the ranges as a JSON string holds it; control characters without a short escape are left out. */
export function stringCharacters(ranges: readonly Range[]): Expression {
  const escapes = SHORT_ESCAPES.filter(([point]) => ranges.some(([from, to]) => from <= point && point <= to));
  return choice(characters(intersect(ranges, PLAIN)), ...escapes.map(([, letter]) => literal(`\\${letter}`)));
}

export const ANY_CHARACTER = stringCharacters([[0, LAST_CODE_POINT]]);

/** A string whose content is `content`. */
export const stringOf = (content: Expression): Expression => sequence(QUOTE, content, QUOTE);
export const STRING = stringOf(repeat(ANY_CHARACTER, 0));

const NATURAL = choice(byte(0x30), sequence(byte(0x31, 0x39), repeat(DIGIT, 0, MAX_NUMBER_DIGITS - 1)));
export const INTEGER = sequence(optional(byte(0x2d)), NATURAL);
const FRACTION = sequence(byte(0x2e), repeat(DIGIT, 1, MAX_NUMBER_DIGITS));
const EXPONENT = sequence(choice(byte(0x65), byte(0x45)), optional(choice(byte(0x2b), byte(0x2d))), repeat(DIGIT, 1, 2));
export const NUMBER = sequence(INTEGER, optional(FRACTION), optional(EXPONENT));
export const BOOLEAN = choice(literal('true'), literal('false'));
export const NULL = literal('null');

export const ANY_VALUE_RULE = 'any';
export const ANY_VALUE = rule(ANY_VALUE_RULE);
export const ANY_OBJECT = objectOf(ANY_VALUE);

/** The rule behind ANY_VALUE. */
export const anyValue = (): Expression => choice(STRING, NUMBER, BOOLEAN, NULL, ANY_OBJECT, arrayOf(ANY_VALUE, 0, undefined));

export function member(name: string, value: Expression): Expression {
  return sequence(literal(JSON.stringify(name)), COLON, value);
}

/** Any names, all values of one kind. */
export function objectOf(value: Expression): Expression {
  const pair = sequence(STRING, COLON, value);
  return sequence(byte(0x7b), optional(sequence(pair, repeat(sequence(COMMA, pair), 0))), byte(0x7d));
}

export function arrayOf(item: Expression, least: number, most: number | undefined): Expression {
  const more = sequence(COMMA, item);
  const rest = repeat(more, Math.max(0, least - 1), most === undefined ? undefined : most - 1);
  const some = sequence(item, rest);
  const content = most === 0 ? sequence() : least === 0 ? optional(some) : some;
  return sequence(byte(0x5b), content, byte(0x5d));
}

/** Whole numbers least…most, of at most MAX_NUMBER_DIGITS digits. */
export function integersBetween(least: number, most: number): Expression {
  const options: Expression[] = [];
  if (least < 0) options.push(sequence(byte(0x2d), naturalsBetween(Math.max(1, -most), -least)));
  if (most >= 0) options.push(naturalsBetween(Math.max(0, least), most));
  return choice(...options);
}

function naturalsBetween(least: number, most: number): Expression {
  const options: Expression[] = [];
  for (let digits = 1; digits <= String(most).length; digits++) {
    const first = digits === 1 ? 0 : 10 ** (digits - 1);
    const low = Math.max(least, first);
    const high = Math.min(most, 10 ** digits - 1);
    if (low <= high) addDigitRanges(options, String(low), String(high));
  }
  return choice(...options);
}

/** Decimal numbers low…high of one length, split where leading digits part. */
function addDigitRanges(out: Expression[], low: string, high: string): void {
  const a = low.charCodeAt(0);
  const b = high.charCodeAt(0);
  const rest = low.length - 1;
  if (rest === 0) {
    out.push(byte(a, b));
    return;
  }
  if (a === b) {
    const tails: Expression[] = [];
    addDigitRanges(tails, low.slice(1), high.slice(1));
    out.push(sequence(byte(a), choice(...tails)));
    return;
  }
  const wholeFrom = /^0*$/.test(low.slice(1)) ? a : a + 1;
  const wholeTo = /^9*$/.test(high.slice(1)) ? b : b - 1;
  if (wholeFrom > a) addDigitRanges(out, low, low.charAt(0) + '9'.repeat(rest));
  if (wholeFrom <= wholeTo) out.push(sequence(byte(wholeFrom, wholeTo), repeat(DIGIT, rest, rest)));
  if (wholeTo < b) addDigitRanges(out, high.charAt(0) + '0'.repeat(rest), high);
}
