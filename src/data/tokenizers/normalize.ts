import { patternOf } from './pre-tokenize.ts';
import type { Normalizer } from './tokenizer-json.ts';

/** As huggingface/tokenizers, normalizers/. @throws DATA_TOKENIZER_INVALID */
export function createNormalizer(step: Normalizer | undefined): (text: string) => string {
  if (step === undefined) return (text) => text;
  switch (step.type) {
    case 'Sequence': {
      const steps = step.normalizers.map(createNormalizer);
      return (text) => steps.reduce((normal, each) => each(normal), text);
    }
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return (text) => text.normalize(step.type);
    case 'Lowercase':
      // Letter by letter, as Rust does: a final sigma is a sigma.
      return (text) => Array.from(text, (character) => character.toLowerCase()).join('');
    case 'StripAccents':
      return (text) => text.replace(/\p{M}/gu, '');
    case 'Strip':
      return (text) => {
        const left = step.strip_left ? text.trimStart() : text;
        return step.strip_right ? left.trimEnd() : left;
      };
    case 'Prepend':
      return (text) => (text === '' ? text : step.prepend + text);
    case 'Replace': {
      const pattern = patternOf(step.pattern);
      return (text) => text.replace(pattern, () => step.content);
    }
  }
}
