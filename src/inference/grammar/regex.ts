import { inferenceError } from '../errors.ts';
import { MAX_EXPRESSION_DEPTH, MAX_PATTERN_LENGTH } from '../limits.ts';
import { choice, EMPTY, type Expression, repeat, sequence } from './expression.ts';
import { complement, LAST_CODE_POINT, type Range } from './utf8.ts';

/** How one character of a class is written: as UTF-8, or as JSON writes it within a string. */
export type WriteCharacters = (ranges: readonly Range[]) => Expression;

export interface Pattern {
  readonly expression: Expression;
  /** Whether it began with ^ and ended with $. */
  readonly fromStart: boolean;
  readonly toEnd: boolean;
}

const DIGITS: readonly Range[] = [[0x30, 0x39]];
const WORD: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const SPACE: readonly Range[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
];
/** `.`: all but line ends, as ECMAScript has it. */
const LINE_ENDS: readonly Range[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const CLASSES: Readonly<Record<string, readonly Range[]>> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
};
const CONTROLS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b, 0: 0 };
const MAX_REPEAT = 1_000;

/**
 * Parses the part of ECMAScript's regular expressions that is regular: literals, `.`, classes, \d \w \s and their complements, groups,
 * alternatives, `* + ? {m,n}` (greedy or lazy: the language is the same), ^ at the beginning and $ at the end. \d, \w and \s are ASCII.
 * @throws INFERENCE_GRAMMAR_INVALID for anything else, naming it
 */
export function parsePattern(source: string, write: WriteCharacters): Pattern {
  const text = [...source];
  let at = 0;
  let depth = 0;

  const refuse = (what: string): never => {
    throw inferenceError('INFERENCE_GRAMMAR_INVALID', `pattern "${source.slice(0, 80)}", at ${at}: ${what}`);
  };
  const take = (wanted: string): boolean => {
    if (text[at] !== wanted) return false;
    at++;
    return true;
  };

  function alternatives(): Expression {
    if (++depth > MAX_EXPRESSION_DEPTH) refuse(`groups deeper than ${MAX_EXPRESSION_DEPTH}`);
    const options = [concatenation()];
    while (take('|')) options.push(concatenation());
    depth--;
    return choice(...options);
  }

  function concatenation(): Expression {
    const parts: Expression[] = [];
    while (at < text.length && text[at] !== '|' && text[at] !== ')') {
      if (text[at] === '$' && at === text.length - 1) break;
      parts.push(quantified());
    }
    return parts.length === 0 ? EMPTY : sequence(...parts);
  }

  function quantified(): Expression {
    let item = atom();
    for (let bounds = quantifier(); bounds !== undefined; bounds = quantifier()) {
      item = repeat(item, bounds[0], bounds[1]);
      take('?');
    }
    return item;
  }

  function quantifier(): readonly [number, number | undefined] | undefined {
    if (take('*')) return [0, undefined];
    if (take('+')) return [1, undefined];
    if (take('?')) return [0, 1];
    if (text[at] !== '{') return undefined;
    const found = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(text.slice(at, at + 12).join(''));
    if (found === null) return refuse('a "{" that opens no {m}, {m,} or {m,n}');
    at += found[0].length;
    const least = Number(found[1]);
    const most = found[2] === undefined ? least : found[3] === '' ? undefined : Number(found[3]);
    if (least > MAX_REPEAT || (most !== undefined && (most > MAX_REPEAT || most < least))) refuse(`repetitions beyond ${MAX_REPEAT}`);
    return [least, most];
  }

  function atom(): Expression {
    const character = text[at] as string;
    if (take('(')) {
      if (take('?') && !take(':')) refuse('groups that begin with (? other than (?: are not regular or not supported');
      const inner = alternatives();
      if (!take(')')) refuse('a group that does not end');
      return inner;
    }
    if (take('[')) return write(characterClass());
    if (take('.')) return write(complement(LINE_ENDS));
    if (take('\\')) return write(escaped(false));
    if ('*+?{}]'.includes(character)) refuse(`"${character}" with nothing before it`);
    if (character === '^' || character === '$') refuse(`"${character}" inside a pattern`);
    at++;
    return write([single(character)]);
  }

  function escaped(inClass: boolean): readonly Range[] {
    const character = text[at++];
    if (character === undefined) return refuse('a "\\" at the end');
    const known = CLASSES[character];
    if (known !== undefined) return known;
    const control = CONTROLS[character];
    if (control !== undefined) return [[control, control]];
    if (inClass && character === 'b') return [[8, 8]];
    if (character === 'x' || character === 'u') return [codePoint(character === 'x' ? 2 : 4)];
    if (/[A-Za-z0-9]/.test(character)) refuse(`"\\${character}" is not supported`);
    return [single(character)];
  }

  function codePoint(digits: number): Range {
    const found = new RegExp(`^(?:\\{([0-9a-fA-F]{1,6})\\}|([0-9a-fA-F]{${digits}}))`).exec(text.slice(at, at + 8).join(''));
    const value = Number.parseInt(found?.[1] ?? found?.[2] ?? '', 16);
    if (found === null || value > LAST_CODE_POINT) return refuse('a malformed code point');
    at += found[0].length;
    return [value, value];
  }

  function characterClass(): readonly Range[] {
    const negated = take('^');
    const ranges: Range[] = [];
    while (!take(']')) {
      if (at >= text.length) refuse('a "[" that does not end');
      const from = classItem();
      const isRange = text[at] === '-' && text[at + 1] !== ']' && at + 1 < text.length;
      if (!isRange) {
        ranges.push(...from);
        continue;
      }
      at++;
      const to = classItem();
      const [low, high] = [from[0], to[0]];
      if (from.length !== 1 || to.length !== 1 || low === undefined || high === undefined || low[0] !== low[1] || high[0] < low[0]) {
        return refuse('a range that is not from one character to a later one');
      }
      ranges.push([low[0], high[1]]);
    }
    return negated ? complement(ranges) : ranges;
  }

  function classItem(): readonly Range[] {
    if (take('\\')) return escaped(true);
    return [single(text[at++] as string)];
  }

  if (source.length > MAX_PATTERN_LENGTH) refuse(`longer than ${MAX_PATTERN_LENGTH} characters`);
  const fromStart = take('^');
  const expression = alternatives();
  const toEnd = take('$');
  if (at < text.length) refuse(`"${text[at]}" here`);
  // An anchor belongs to its alternative: ^a|b$ would anchor neither side of both.
  if ((fromStart || toEnd) && expression.kind === 'choice' && expression.options.length > 1 && hasTopLevelBar(text)) {
    refuse('anchors beside alternatives; write ^(?:a|b)$');
  }
  return { expression, fromStart, toEnd };
}

function hasTopLevelBar(text: readonly string[]): boolean {
  let depth = 0;
  let inClass = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '\\') i++;
    else if (inClass) inClass = character !== ']';
    else if (character === '[') inClass = true;
    else if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === '|' && depth === 0) return true;
  }
  return false;
}

function single(character: string): Range {
  const value = character.codePointAt(0) as number;
  return [value, value];
}
