import { messageOf } from '../../primitives/errors.ts';
import { dataError } from '../errors.ts';

/** White space as Unicode has it: JavaScript's \s also takes U+FEFF, and not U+0085. */
const SPACE = '\\t-\\r\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
/** Letters whose case folding reaches beyond ASCII (Unicode, CaseFolding.txt). */
const FOLDED: Readonly<Record<string, string>> = { s: 'sS\u017f', k: 'kK\u212a' };
/** Properties that Oniguruma names by themselves and JavaScript as scripts. */
const SCRIPTS = new Set(['Han', 'Hiragana', 'Katakana', 'Hangul', 'Latin', 'Greek', 'Cyrillic', 'Arabic', 'Hebrew', 'Thai']);

/**
 * An expression of a tokenizer.json, which the reference implementation runs with Oniguruma, as a JavaScript one that matches the same.
 * @throws DATA_TOKENIZER_INVALID for what JavaScript cannot say
 */
export function javascriptPattern(source: string): RegExp {
  try {
    return new RegExp(translate(source), 'gu');
  } catch (cause) {
    throw dataError('DATA_TOKENIZER_INVALID', `the expression ${source} is not supported: ${messageOf(cause)}`, { cause });
  }
}

function translate(source: string): string {
  let out = '';
  let inClass = false;
  for (let i = 0; i < source.length; ) {
    const rest = source.slice(i);
    const folded = inClass ? undefined : /^\(\?i:((?:[^()\\[\]]|\\.)*)\)/.exec(rest);
    if (folded) {
      out += `(?:${translate(folded[1] ?? '').replace(/[a-z]/gi, (letter, at: number, all: string) => foldLetter(letter, all[at - 1]))})`;
      i += folded[0].length;
      continue;
    }
    const escaped = /^\\(p|P)\{(\^?)(\w+)\}|^\\([\s\S])/u.exec(rest);
    if (escaped) {
      out += translateEscape(escaped, inClass);
      i += escaped[0].length;
      continue;
    }
    const character = String.fromCodePoint(source.codePointAt(i) as number);
    // Possessive and atomic matching differ from JavaScript's backtracking: no guess is made.
    if (!inClass && /^(?:[?*+]\+|\(\?>)/.test(rest) && !/^\+\+$/.test(rest)) {
      throw new SyntaxError('possessive or atomic groups');
    }
    if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    // Literal in Oniguruma, reserved in JavaScript's Unicode mode.
    const isLiteral = !inClass && (character === '}' || (character === '{' && !/^\{\d*,?\d*\}/.test(rest)));
    out += isLiteral && !/\{\d*,?\d*$/.test(out) ? `\\${character}` : character;
    i += character.length;
  }
  return out;
}

function translateEscape([, property, negation, name, character]: RegExpExecArray, inClass: boolean): string {
  if (property !== undefined && name !== undefined) {
    const letter = negation === '^' ? (property === 'p' ? 'P' : 'p') : property;
    return SCRIPTS.has(name) ? `\\${letter}{Script=${name}}` : `\\${letter}{${name}}`;
  }
  switch (character) {
    case 's':
      return inClass ? SPACE : `[${SPACE}]`;
    case 'S':
      if (inClass) throw new SyntaxError('\\S in a class');
      return `[^${SPACE}]`;
    case 'd':
      return '\\p{Nd}';
    case 'D':
      return '\\P{Nd}';
    case 'w':
      return inClass ? '\\p{L}\\p{M}\\p{Nd}\\p{Pc}' : '[\\p{L}\\p{M}\\p{Nd}\\p{Pc}]';
    case 'n':
    case 'r':
    case 't':
    case 'f':
    case 'v':
      return `\\${character}`;
    default:
      if (character === undefined || /[A-Za-z0-9]/.test(character)) throw new SyntaxError(`\\${character}`);
      return /[\^$\\.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
  }
}

function foldLetter(letter: string, before: string | undefined): string {
  if (before === '\\') return letter;
  const lower = letter.toLowerCase();
  return `[${FOLDED[lower] ?? lower + lower.toUpperCase()}]`;
}
