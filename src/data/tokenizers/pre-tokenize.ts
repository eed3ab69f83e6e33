import { Buffer } from 'node:buffer';
import { byteLevelText } from './byte-level.ts';
import { GPT2_SPLIT } from './known-splits.ts';
import { javascriptPattern } from './regex.ts';
import type { Pattern, PreTokenizer, SplitBehaviour } from './tokenizer-json.ts';

/** Cuts text into pieces that no merge crosses. @param first whether the text begins the document */
export type Split = (text: string, first: boolean) => readonly string[];

/** As huggingface/tokenizers, pre_tokenizers/. @throws DATA_TOKENIZER_INVALID */
export function createSplit(step: PreTokenizer | undefined): Split {
  if (step === undefined) return (text) => [text];
  switch (step.type) {
    case 'Sequence': {
      const splits = step.pretokenizers.map(createSplit);
      return (text, first) =>
        splits.reduce<readonly string[]>((pieces, split) => pieces.flatMap((piece, i) => split(piece, first && i === 0)), [text]);
    }
    case 'ByteLevel': {
      const pattern = step.use_regex ? javascriptPattern(GPT2_SPLIT) : undefined;
      return (text) => {
        const prefixed = step.add_prefix_space && !text.startsWith(' ') ? ` ${text}` : text;
        const pieces = pattern === undefined ? [prefixed] : splitText(prefixed, pattern, 'Isolated', false);
        return pieces.map((piece) => byteLevelText(Buffer.from(piece, 'utf8').toString('latin1')));
      };
    }
    case 'Split': {
      const pattern = patternOf(step.pattern);
      return (text) => splitText(text, pattern, step.behavior, step.invert);
    }
    case 'Digits': {
      const behaviour = step.individual_digits ? 'Isolated' : 'Contiguous';
      return (text) => splitText(text, /\p{N}/gu, behaviour, false);
    }
    case 'Metaspace': {
      const { replacement, prepend_scheme: scheme, split } = step;
      const pattern = new RegExp(escapeExpression(replacement), 'gu');
      return (text, first) => {
        const replaced = text.replaceAll(' ', replacement);
        const prepends = (scheme === 'always' || (scheme === 'first' && first)) && !replaced.startsWith(replacement);
        const whole = prepends ? replacement + replaced : replaced;
        return split ? splitText(whole, pattern, 'MergedWithNext', false) : [whole];
      };
    }
    case 'Whitespace': {
      const pattern = javascriptPattern('\\w+|[^\\w\\s]+');
      return (text) => splitText(text, pattern, 'Removed', true);
    }
    case 'WhitespaceSplit': {
      const pattern = javascriptPattern('\\s');
      return (text) => splitText(text, pattern, 'Removed', false);
    }
  }
}

export function patternOf(pattern: Pattern): RegExp {
  return 'Regex' in pattern ? javascriptPattern(pattern.Regex) : new RegExp(escapeExpression(pattern.String), 'gu');
}

export function escapeExpression(text: string): string {
  return text.replace(/[\^$\\.*+?()[\]{}|/-]/g, '\\$&');
}

interface Part {
  readonly text: string;
  readonly isMatch: boolean;
}

function splitText(text: string, pattern: RegExp, behaviour: SplitBehaviour, invert: boolean): readonly string[] {
  const parts = partsOf(text, pattern).map((part) => (invert ? { ...part, isMatch: !part.isMatch } : part));
  switch (behaviour) {
    case 'Removed':
      return parts.filter(({ isMatch }) => !isMatch).map((part) => part.text);
    case 'Isolated':
      return parts.map((part) => part.text);
    case 'Contiguous':
      return joined(parts, (before, part) => before.isMatch === part.isMatch);
    case 'MergedWithPrevious':
      return joined(parts, (before, part) => part.isMatch && !before.isMatch);
    case 'MergedWithNext':
      return joined(parts, (before, part) => before.isMatch && !part.isMatch);
  }
}

function partsOf(text: string, pattern: RegExp): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match[0].length === 0) continue;
    if (match.index > at) parts.push({ text: text.slice(at, match.index), isMatch: false });
    parts.push({ text: match[0], isMatch: true });
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push({ text: text.slice(at), isMatch: false });
  return parts;
}

function joined(parts: readonly Part[], joins: (before: Part, part: Part) => boolean): readonly string[] {
  const out: string[] = [];
  parts.forEach((part, i) => {
    const before = parts[i - 1];
    if (before !== undefined && joins(before, part)) out[out.length - 1] += part.text;
    else out.push(part.text);
  });
  return out;
}
